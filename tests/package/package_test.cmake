# Builds tests/package as an outside project: against an installed weft, with weft as a subdirectory, and against Debian
# packages. A sanitizer build is not what anybody installs, so only plain builds have these tests.
if(WEFT_SANITIZE OR NOT "rpc" IN_LIST WEFT_ROOMS)
  return()
endif()

set(package_dir ${CMAKE_CURRENT_LIST_DIR})

# package_test(NAME WAY)
function(package_test name way)
  add_test(NAME package.${name}
           COMMAND ${CMAKE_COMMAND} -DWAY=${way} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
                   -DGENERATOR=${CMAKE_GENERATOR} -DBUILD_TYPE=${CMAKE_BUILD_TYPE}
                   "-DRELEASE_FLAGS=${CMAKE_CXX_FLAGS_RELEASE}" -DCOMPILER=${CMAKE_CXX_COMPILER}
                   -DC_COMPILER=${CMAKE_C_COMPILER} -DLAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
                   "-DROOMS=${WEFT_ROOMS}" -P ${package_dir}/build_outside.cmake)
  set_tests_properties(package.${name} PROPERTIES TIMEOUT 900 PROCESSORS 2 LABELS package)
endfunction()

package_test(builds_against_weft_installed installed)
package_test(builds_against_weft_subdirectory subdirectory)
package_test(installs_what_was_built unbuilt)
find_program(DPKG_DEB dpkg-deb)
if(DPKG_DEB AND WEFT_BUILD_TOOLS)
  package_test(builds_against_debian_packages packages)
endif()
