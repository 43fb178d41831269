# A grpc++ server for the command to call, where Debian's libgrpc++-dev is installed. It links nothing of weft's.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(GRPCPP QUIET IMPORTED_TARGET grpc++)
endif()
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
find_library(GRPCPP_REFLECTION grpc++_reflection)
if(NOT GRPCPP_FOUND OR NOT GRPC_CPP_PLUGIN OR NOT GRPCPP_REFLECTION)
  message(STATUS "command: grpc++, its reflection or its protoc plugin is missing, so it is not called")
  return()
endif()

set(generated ${CMAKE_CURRENT_BINARY_DIR}/grpcpp.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs ${generated}/notes.pb.cc ${generated}/notes.grpc.pb.cc)
add_custom_command(
  OUTPUT ${outputs}
  COMMAND protobuf::protoc --proto_path=${CMAKE_CURRENT_SOURCE_DIR}
          --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} --cpp_out=${generated} --grpc_out=${generated} notes.proto
  DEPENDS notes.proto
  COMMENT "Generating grpc++'s notes service"
  VERBATIM)
set_source_files_properties(${outputs} PROPERTIES COMPILE_OPTIONS -w SKIP_LINTING ON)
add_executable(grpcpp_notes_server grpcpp_notes_server.cc ${outputs})
target_compile_options(grpcpp_notes_server PRIVATE ${WEFT_WARNINGS})
target_include_directories(grpcpp_notes_server SYSTEM PRIVATE ${generated})
# The linker would drop reflection, which only registers itself.
target_link_libraries(grpcpp_notes_server PRIVATE PkgConfig::GRPCPP protobuf::libprotobuf
                      -Wl,--no-as-needed ${GRPCPP_REFLECTION})

target_sources(command_test PRIVATE grpcpp_test.cc)
target_compile_definitions(command_test PRIVATE GRPCPP_NOTES_SERVER="$<TARGET_FILE:grpcpp_notes_server>")
add_dependencies(command_test grpcpp_notes_server)
