# `cpack -G DEB` in a build directory makes Debian packages of what was built: libweft-dev (headers, libraries, CMake files
# and the code generator), weft-tools (the weft command), and with BUILD_SHARED_LIBS also libweft0.2, named for the version.
if(NOT UNIX OR APPLE)
  return()
endif()

set(CPACK_PACKAGE_NAME weft)
set(CPACK_PACKAGE_VENDOR "the authors of weft")
set(CPACK_PACKAGE_CONTACT "the authors of weft <weft@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL development)
if(TARGET weft_cli)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
if(BUILD_SHARED_LIBS)
  list(APPEND CPACK_COMPONENTS_ALL runtime)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The libraries that programs are linked with, by dpkg-shlibdeps of dpkg-dev.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(DPKG_SHLIBDEPS)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/weft)
endif()

set(soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libweft${soname})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The shared libraries")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libweft-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers, libraries and the code generator")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libprotobuf-dev, protobuf-compiler, libboost-dev, libssl-dev, libc-ares-dev, zlib1g-dev, libzstd-dev, libspdlog-dev, libfmt-dev")
if(BUILD_SHARED_LIBS)
  string(PREPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libweft${soname} (= ${PROJECT_VERSION}), ")
endif()
# Only for weft::registry_server, weft::storage_sqlite, weft::storage_postgres and weft::codec_xml.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libsqlite3-dev, libpq-dev, libpugixml-dev")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME weft-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The weft command: list, describe and call services, a registry, a load generator")

# Debian keeps the license of a package here.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME} RENAME copyright
          COMPONENT ${component})
endforeach()
include(CPack)
