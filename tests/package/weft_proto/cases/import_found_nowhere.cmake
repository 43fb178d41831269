weft_proto(TARGET wrong PROTOS ${shop}/order.proto IMPORT_DIRS ${shop})
