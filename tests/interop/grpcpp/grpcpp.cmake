# An interop server and client made with grpc++, where Debian's libgrpc++-dev is installed. They link
# nothing of weft's and are built without sanitizers, so that what a sanitizer reports is weft's.
include(WeftGrpcpp)
weft_find_grpcpp(grpcpp_found)
if(NOT grpcpp_found)
  message(STATUS "interop: grpc++ or its protoc plugin is missing, so its pairs are left out")
  return()
endif()

weft_grpcpp_proto(interop_grpcpp_proto DIR ${proto_dir} PROTOS ${proto_names})

foreach(part server client)
  add_executable(grpcpp_interop_${part} grpcpp/grpcpp_${part}.cc)
  target_compile_options(grpcpp_interop_${part} PRIVATE ${WEFT_WARNINGS})
  target_include_directories(grpcpp_interop_${part} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(grpcpp_interop_${part} PRIVATE interop_grpcpp_proto)
endforeach()

# What grpc++ says of service configs, which weft is held to (service_config_test.cc).
add_executable(grpcpp_service_config grpcpp/grpcpp_service_config.cc)
target_compile_options(grpcpp_service_config PRIVATE ${WEFT_WARNINGS})
target_include_directories(grpcpp_service_config PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(grpcpp_service_config PRIVATE PkgConfig::GRPCPP)
add_test(NAME interop.service_configs_of_grpcpp COMMAND grpcpp_service_config)
set_tests_properties(interop.service_configs_of_grpcpp PROPERTIES TIMEOUT 60 LABELS interop)
