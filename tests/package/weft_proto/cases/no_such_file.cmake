weft_proto(TARGET wrong PROTOS ${shop}/itme.proto IMPORT_DIRS ${protos})
