weft_proto(TARGET wrong PROTOS ${shop}/item.proto IMPORT_DIRS ${protos} ${protos}/sohp)
