#pragma once

#include <google/protobuf/io/printer.h>

#include "tools/protoc-gen-weft/model.h"

namespace weft::generator {

/// Prints x.weft.cc.
void print_source(const FileModel& file, google::protobuf::io::Printer& printer);

}  // namespace weft::generator
