#include "weft/codec/json/wire_json.h"

#include "weft/codec/json/internal/printer.h"
#include "weft/codec/json/internal/reader.h"

namespace weft::codec {

Status print_json(const MessageTable& table, std::string_view bytes,
                  const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out,
                  std::vector<std::string>* unknown_types) {
  json::Printer printer(options, origin, out, unknown_types);
  if (printer.print(table, bytes)) [[likely]]
    return {};
  return printer.status();
}

Status print_json_field(const FieldTable& field, std::string_view bytes,
                        const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out) {
  json::Printer printer(options, origin, out, nullptr);
  if (printer.print_field(field, bytes)) [[likely]]
    return {};
  return printer.status();
}

bool read_json(const MessageTable& table, std::string_view json, const JsonReadOptions& options,
               OutputBytes& out, JsonFault& fault) {
  return json::Reader(json, options, out, fault).read(table);
}

bool read_json_field(const FieldTable& field, std::string_view json, const JsonReadOptions& options,
                     OutputBytes& out, JsonFault& fault) {
  return json::Reader(json, options, out, fault).read_field(field);
}

std::string JsonFault::message() const {
  std::string out = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
  if (!path.empty()) out += "field " + path + ": ";
  return out + text;
}

}  // namespace weft::codec
