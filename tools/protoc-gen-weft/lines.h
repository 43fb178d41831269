#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/io/printer.h>

namespace weft::generator {

/// Prints lines as they are (a dollar sign means nothing in them), each with the printer's
/// indentation.
void print_lines(std::string_view text, google::protobuf::io::Printer& printer);

/// `namespace name {` and its end; nothing without a name.
void open_namespace(const std::string& name, google::protobuf::io::Printer& printer);
void close_namespace(const std::string& name, google::protobuf::io::Printer& printer);

}  // namespace weft::generator
