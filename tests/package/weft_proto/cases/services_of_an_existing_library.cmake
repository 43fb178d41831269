# A library of messages as protoc alone makes it.
set(made ${CMAKE_CURRENT_BINARY_DIR}/made)
file(MAKE_DIRECTORY ${made})
foreach(name item price shop)
  add_custom_command(OUTPUT ${made}/shop/${name}.pb.cc ${made}/shop/${name}.pb.h
                     COMMAND protobuf::protoc --proto_path=${protos} --cpp_out=${made} ${shop}/${name}.proto
                     DEPENDS ${shop}/${name}.proto)
  list(APPEND sources ${made}/shop/${name}.pb.cc)
endforeach()
add_library(messages STATIC ${sources})
target_include_directories(messages PUBLIC ${made})
target_link_libraries(messages PUBLIC protobuf::libprotobuf)

weft_proto(TARGET services PROTOS ${shop}/shop.proto IMPORT_DIRS ${protos} MESSAGES messages)

get_target_property(sources services SOURCES)
if(sources MATCHES "pb\\.cc")
  message(FATAL_ERROR "the messages are generated again: ${sources}")
endif()
