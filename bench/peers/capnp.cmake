# Cap'n Proto, where libcapnp-dev and capnproto are installed.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(CAPNP QUIET IMPORTED_TARGET capnp-rpc)
endif()
find_program(CAPNP_COMPILER capnp)
if(NOT CAPNP_FOUND OR NOT CAPNP_COMPILER)
  message(STATUS "bench: Cap'n Proto or its compiler is missing, so it is not measured")
  return()
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND CAPNP_VERSION VERSION_LESS 1.0)
  message(STATUS "bench: clang does not take Cap'n Proto ${CAPNP_VERSION}'s headers as C++20, so it is not measured")
  return()
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/capnp.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs ${generated}/echo.capnp.c++)
add_custom_command(
  OUTPUT ${outputs}
  COMMAND ${CAPNP_COMPILER} compile --src-prefix=${CMAKE_CURRENT_SOURCE_DIR}/proto -oc++:${generated}
          ${CMAKE_CURRENT_SOURCE_DIR}/proto/echo.capnp
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/proto/echo.capnp
  COMMENT "Generating Cap'n Proto's echo service"
  VERBATIM)
add_library(bench_capnp_proto STATIC ${outputs})
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
target_include_directories(bench_capnp_proto SYSTEM PUBLIC ${generated})
target_link_libraries(bench_capnp_proto PUBLIC PkgConfig::CAPNP)

bench_program(bench_capnp_server SOURCES peers/capnp_server.cc DEPS bench_capnp_proto)
bench_program(bench_capnp_client SOURCES peers/capnp_client.cc DEPS bench_capnp_proto)
# Cap'n Proto's servers are destroyed through a base that has another way to their destructor.
set_source_files_properties(peers/capnp_server.cc PROPERTIES COMPILE_OPTIONS -Wno-non-virtual-dtor)
