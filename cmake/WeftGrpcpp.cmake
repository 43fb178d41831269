# gRPC C++, Debian's libgrpc++-dev: what weft is tested against and measured beside. Nothing of weft links it.

# weft_find_grpcpp(VARIABLE): whether the library and its protoc plugin are there.
function(weft_find_grpcpp variable)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(GRPCPP QUIET IMPORTED_TARGET GLOBAL grpc++)
  endif()
  find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
  if(TARGET PkgConfig::GRPCPP AND GRPC_CPP_PLUGIN)
    set(${variable} TRUE PARENT_SCOPE)
  else()
    set(${variable} FALSE PARENT_SCOPE)
  endif()
endfunction()

# weft_grpcpp_proto(TARGET DIR folder PROTOS name...): a static library of the messages and services that grpc++ generates
# of folder/name.proto. It is built without weft's warnings and without sanitizers.
function(weft_grpcpp_proto target)
  cmake_parse_arguments(ARG "" "DIR" "PROTOS" ${ARGN})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}.generated)
  file(MAKE_DIRECTORY ${generated})
  set(outputs)
  set(sources)
  foreach(name IN LISTS ARG_PROTOS)
    list(APPEND outputs ${generated}/${name}.pb.cc ${generated}/${name}.grpc.pb.cc)
    list(APPEND sources ${ARG_DIR}/${name}.proto)
  endforeach()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc --proto_path=${ARG_DIR} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}
            --cpp_out=${generated} --grpc_out=${generated} ${sources}
    DEPENDS ${sources}
    COMMENT "Generating ${target}"
    VERBATIM)
  add_library(${target} STATIC ${outputs})
  set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
  target_include_directories(${target} SYSTEM PUBLIC ${generated})
  target_link_libraries(${target} PUBLIC PkgConfig::GRPCPP protobuf::libprotobuf)
endfunction()
