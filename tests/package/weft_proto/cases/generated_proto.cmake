# A file that a rule of the user's makes: it is not there yet, so its imports cannot be read.
set(made ${CMAKE_CURRENT_BINARY_DIR}/made.proto)
add_custom_command(OUTPUT ${made} COMMAND ${CMAKE_COMMAND} -E copy ${shop}/item.proto ${made})
weft_proto(TARGET made_proto PROTOS ${made} IMPORT_DIRS ${CMAKE_CURRENT_BINARY_DIR})
get_target_property(sources made_proto SOURCES)
add_custom_target(made ALL DEPENDS ${sources})
set_target_properties(made_proto PROPERTIES EXCLUDE_FROM_ALL ON)
