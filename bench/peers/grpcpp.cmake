# gRPC C++'s echo servers, where Debian's libgrpc++-dev is installed.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(GRPCPP QUIET IMPORTED_TARGET grpc++)
endif()
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
if(NOT GRPCPP_FOUND OR NOT GRPC_CPP_PLUGIN)
  message(STATUS "bench: grpc++ or its protoc plugin is missing, so it is not measured")
  return()
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/grpcpp.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs ${generated}/echo.pb.cc ${generated}/echo.grpc.pb.cc)
add_custom_command(
  OUTPUT ${outputs}
  COMMAND protobuf::protoc --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/proto
          --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} --cpp_out=${generated} --grpc_out=${generated} echo.proto
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/proto/echo.proto
  COMMENT "Generating grpc++'s echo service"
  VERBATIM)
add_library(bench_grpcpp_proto STATIC ${outputs})
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
target_include_directories(bench_grpcpp_proto SYSTEM PUBLIC ${generated})
target_link_libraries(bench_grpcpp_proto PUBLIC PkgConfig::GRPCPP protobuf::libprotobuf)

foreach(api callback async)
  foreach(side server client)
    bench_program(bench_grpcpp_${api}_${side} SOURCES peers/grpcpp_${api}_${side}.cc DEPS bench_grpcpp_proto)
  endforeach()
endforeach()

# The hello server, from the example's .proto.
set(hello ${PROJECT_SOURCE_DIR}/examples/hello)
set(outputs ${generated}/hello.pb.cc ${generated}/hello.grpc.pb.cc)
add_custom_command(
  OUTPUT ${outputs}
  COMMAND protobuf::protoc --proto_path=${hello} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}
          --cpp_out=${generated} --grpc_out=${generated} hello.proto
  DEPENDS ${hello}/hello.proto
  COMMENT "Generating grpc++'s hello service"
  VERBATIM)
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
bench_program(bench_grpcpp_hello_server SOURCES peers/grpcpp_hello_server.cc ${outputs} DEPS bench_grpcpp_proto)
