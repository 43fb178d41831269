# gRPC C++'s echo servers, where Debian's libgrpc++-dev is installed.
include(WeftGrpcpp)
weft_find_grpcpp(grpcpp_found)
if(NOT grpcpp_found)
  message(STATUS "bench: grpc++ or its protoc plugin is missing, so it is not measured")
  return()
endif()

weft_grpcpp_proto(bench_grpcpp_proto DIR ${CMAKE_CURRENT_SOURCE_DIR}/proto PROTOS echo)
foreach(api callback async)
  foreach(side server client)
    bench_program(bench_grpcpp_${api}_${side} SOURCES peers/grpcpp_${api}_${side}.cc DEPS bench_grpcpp_proto)
  endforeach()
endforeach()

# The hello server, from the example's .proto.
weft_grpcpp_proto(bench_grpcpp_hello_proto DIR ${PROJECT_SOURCE_DIR}/examples/hello PROTOS hello)
bench_program(bench_grpcpp_hello_server SOURCES peers/grpcpp_hello_server.cc DEPS bench_grpcpp_hello_proto)
