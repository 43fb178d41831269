# Thrift, where libthrift-dev and thrift-compiler are installed.
find_library(THRIFT_LIBRARY thrift)
find_program(THRIFT_COMPILER thrift)
if(NOT THRIFT_LIBRARY OR NOT THRIFT_COMPILER)
  message(STATUS "bench: Thrift or its compiler is missing, so it is not measured")
  return()
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/thrift.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs ${generated}/Echo.cpp ${generated}/echo_types.cpp)
add_custom_command(
  OUTPUT ${outputs}
  COMMAND ${THRIFT_COMPILER} --gen cpp:no_skeleton -out ${generated} ${CMAKE_CURRENT_SOURCE_DIR}/proto/echo.thrift
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/proto/echo.thrift
  COMMENT "Generating Thrift's echo service"
  VERBATIM)
add_library(bench_thrift_proto STATIC ${outputs})
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
target_include_directories(bench_thrift_proto SYSTEM PUBLIC ${generated})
target_link_libraries(bench_thrift_proto PUBLIC ${THRIFT_LIBRARY})

bench_program(bench_thrift_server SOURCES peers/thrift_server.cc DEPS bench_thrift_proto)
bench_program(bench_thrift_client SOURCES peers/thrift_client.cc DEPS bench_thrift_proto)
