#include "tools/protoc-gen-weft/lines.h"

namespace weft::generator {

void print_lines(std::string_view text, google::protobuf::io::Printer& printer) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    printer.Print("$line$\n", "line", std::string(text.substr(0, end)));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

void open_namespace(const std::string& name, google::protobuf::io::Printer& printer) {
  if (!name.empty()) printer.Print("namespace $name$ {\n", "name", name);
}

void close_namespace(const std::string& name, google::protobuf::io::Printer& printer) {
  if (!name.empty()) printer.Print("}  // namespace $name$\n", "name", name);
}

}  // namespace weft::generator
