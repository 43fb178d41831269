weft_proto(TARGET item_proto PROTOS ${shop}/item.proto IMPORT_DIRS ${protos})
weft_proto(TARGET wrong PROTOS ${shop}/order.proto ${shop}/price.proto IMPORT_DIRS ${protos})
