weft_proto(TARGET wrong PROTOS ${shop}/order.proto ${shop}/item.proto IMPORT_DIRS ${protos})
