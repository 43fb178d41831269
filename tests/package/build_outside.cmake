# cmake -DWAY=installed|subdirectory|packages|unbuilt ... -P build_outside.cmake: see package_test.cmake.
set(work ${BUILD}-package-${WAY})
set(outside ${CMAKE_CURRENT_LIST_DIR})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(run_refused expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(status EQUAL 0 OR NOT output MATCHES "${expected}")
    message(FATAL_ERROR "expected (${status}): ${expected}\n${output}")
  endif()
endfunction()

function(expect_text expected)
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "expected: ${expected}\n${output}")
  endif()
endfunction()

# build_and_run(SOURCE OPTION...)
function(build_and_run source)
  run(${CMAKE_COMMAND} -S ${source} -B ${work} ${options} ${ARGN})
  run(${CMAKE_COMMAND} --build ${work} --parallel 2 --target outside)
  run(${work}/outside)
  set(output "${output}" PARENT_SCOPE)
  run(${CMAKE_COMMAND} --build ${work} --target outside)
  if(output MATCHES "Generating|Building|Linking")
    message(FATAL_ERROR "the second build has work to do:\n${output}")
  endif()
endfunction()

# Finds weft from several folders of a project, and not the components that are absent.
function(find_from_everywhere absent)
  run(${CMAKE_COMMAND} -S ${outside}/found -B ${work}/found ${options} -DCMAKE_PREFIX_PATH=${work}/prefix
      "-DABSENT=${absent}")
endfunction()

# The project that README shows, with the sources that it shows.
function(build_first_service)
  file(COPY ${outside}/first/CMakeLists.txt ${SOURCE}/examples/hello/hello.proto ${SOURCE}/examples/hello/server.cc
            ${SOURCE}/examples/testing/greeter_test.cc DESTINATION ${work}/first)
  run(${CMAKE_COMMAND} -S ${work}/first -B ${work}/first/build ${options} -DCMAKE_PREFIX_PATH=${work}/prefix)
  run(${CMAKE_COMMAND} --build ${work}/first/build --parallel 2 --target server)
endfunction()

function(way_installed)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
  build_first_service()
  build_and_run(${outside} -DCMAKE_PREFIX_PATH=${work}/prefix)
  run(${CMAKE_COMMAND} --build ${work} --target seams)
  run(${work}/seams)
  find_from_everywhere(no_such_room)
  # What a build of a few targets installs has no tests' room.
  file(GLOB archives ${work}/prefix/lib*/libweft_testing.*)
  file(REMOVE ${archives})
  find_from_everywhere(testing)
endfunction()

# The libraries are the targets that every test here links, so the generator and what the project itself compiles are
# enough: Ninja can be asked for single objects.
function(way_subdirectory)
  file(WRITE ${work}/rooms.cmake "set(WEFT_ROOMS \"${ROOMS}\" CACHE STRING \"\")\n")
  run(${CMAKE_COMMAND} -S ${outside} -B ${work} ${options} -DWEFT_SOURCE=${SOURCE} -DCMAKE_C_COMPILER=${C_COMPILER}
      -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON -DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON -C ${work}/rooms.cmake)
  set(objects outside)
  if(GENERATOR STREQUAL Ninja)
    set(objects CMakeFiles/outside.dir/main.cc.o
                CMakeFiles/greeter_proto.dir/greeter_proto.generated/greeter.weft.cc.o)
  endif()
  run(${CMAKE_COMMAND} --build ${work} --parallel 2 --target ${objects})
endfunction()

# What dpkg would unpack of the two packages.
function(way_packages)
  run(cpack -G DEB --config ${BUILD}/CPackConfig.cmake -B ${work}/packages)
  foreach(package libweft-dev weft-tools)
    file(GLOB file ${work}/packages/${package}_*.deb)
    run(dpkg-deb -x ${file} ${work}/root)
    run(dpkg-deb --field ${file} Depends)
    set(depends_${package} "${output}")
  endforeach()
  if(depends_libweft-dev MATCHES "sqlite" OR NOT depends_libweft-dev MATCHES "libprotobuf-dev")
    message(FATAL_ERROR "libweft-dev depends on ${depends_libweft-dev}")
  endif()
  run(${work}/root/usr/bin/weft --version)
  set(version "${output}")
  build_and_run(${outside}/hello -DCMAKE_PREFIX_PATH=${work}/root/usr)
  expect_text("hello of ${version}")
endfunction()

# A build directory in which nothing has been built yet.
function(way_unbuilt)
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${work}/build ${options} -DWEFT_BUILD_TESTS=OFF)
  run(${CMAKE_COMMAND} --install ${work}/build --prefix ${work}/prefix)
  run_refused("weft was installed before it was built as a whole"
              ${CMAKE_COMMAND} -S ${outside} -B ${work} ${options} -DCMAKE_PREFIX_PATH=${work}/prefix)
endfunction()

# What was installed or configured before must not answer for what is there now.
file(REMOVE_RECURSE ${work})
set(options -G ${GENERATOR} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${COMPILER}
            -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS_RELEASE=${RELEASE_FLAGS}")
cmake_language(CALL way_${WAY})
file(REMOVE_RECURSE ${work})
