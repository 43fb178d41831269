# An interop server and client made with grpc++, where Debian's libgrpc++-dev is installed. They link
# nothing of weft's and are built without sanitizers, so that what a sanitizer reports is weft's.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(GRPCPP QUIET IMPORTED_TARGET grpc++)
endif()
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
if(NOT GRPCPP_FOUND OR NOT GRPC_CPP_PLUGIN)
  message(STATUS "interop: grpc++ or its protoc plugin is missing, so its pairs are left out")
  return()
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/grpcpp.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs)
foreach(name IN LISTS proto_names)
  list(APPEND outputs ${generated}/${name}.pb.cc ${generated}/${name}.grpc.pb.cc)
endforeach()
add_custom_command(
  OUTPUT ${outputs}
  COMMAND protobuf::protoc --proto_path=${proto_dir} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}
          --cpp_out=${generated} --grpc_out=${generated} ${protos}
  DEPENDS ${protos}
  COMMENT "Generating grpc++'s interop services"
  VERBATIM)
add_library(interop_grpcpp_proto STATIC ${outputs})
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
target_include_directories(interop_grpcpp_proto SYSTEM PUBLIC ${generated})
target_link_libraries(interop_grpcpp_proto PUBLIC PkgConfig::GRPCPP protobuf::libprotobuf)

foreach(part server client)
  add_executable(grpcpp_interop_${part} grpcpp_${part}.cc)
  target_compile_options(grpcpp_interop_${part} PRIVATE ${WEFT_WARNINGS})
  target_include_directories(grpcpp_interop_${part} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(grpcpp_interop_${part} PRIVATE interop_grpcpp_proto)
endforeach()
