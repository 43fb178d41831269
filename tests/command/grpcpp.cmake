# A grpc++ server for the command to call, where Debian's libgrpc++-dev is installed. It links nothing of weft's.
include(WeftGrpcpp)
weft_find_grpcpp(grpcpp_found)
find_library(GRPCPP_REFLECTION grpc++_reflection)
if(NOT grpcpp_found OR NOT GRPCPP_REFLECTION)
  message(STATUS "command: grpc++, its reflection or its protoc plugin is missing, so it is not called")
  return()
endif()

weft_grpcpp_proto(command_grpcpp_proto DIR ${CMAKE_CURRENT_SOURCE_DIR} PROTOS notes)
add_executable(grpcpp_notes_server grpcpp_notes_server.cc)
target_compile_options(grpcpp_notes_server PRIVATE ${WEFT_WARNINGS})
# The linker would drop reflection, which only registers itself.
target_link_libraries(grpcpp_notes_server PRIVATE command_grpcpp_proto -Wl,--no-as-needed ${GRPCPP_REFLECTION})

target_sources(command_test PRIVATE grpcpp_test.cc)
target_compile_definitions(command_test PRIVATE GRPCPP_NOTES_SERVER="$<TARGET_FILE:grpcpp_notes_server>")
add_dependencies(command_test grpcpp_notes_server)
