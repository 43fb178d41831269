# Copies, because the test changes one.
file(COPY ${shop} DESTINATION ${CMAKE_CURRENT_BINARY_DIR}/proto)
set(copies ${CMAKE_CURRENT_BINARY_DIR}/proto)
weft_proto(TARGET item_proto PROTOS ${copies}/shop/item.proto IMPORT_DIRS ${copies})
weft_proto(TARGET order_proto PROTOS ${copies}/shop/price.proto ${copies}/shop/order.proto
           IMPORT_DIRS ${copies} DEPS item_proto)

# What is made is enough: the compiler has nothing to say here.
get_target_property(item item_proto SOURCES)
get_target_property(order order_proto SOURCES)
add_custom_target(made ALL DEPENDS ${item} ${order})
set_target_properties(item_proto order_proto PROPERTIES EXCLUDE_FROM_ALL ON)
