#include "weft/foreign/json/message_json.h"

#include <google/protobuf/descriptor.h>

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/foreign/json/parts.h"

namespace weft::foreign {
namespace {

using Buffer = codec::ThreadBuffer<codec::BufferUse::Wire>;
JsonReadOptions read_options(int max_depth) {
  return {.ignore_unknown = true, .any_case = true, .max_depth = max_depth};
}

}  // namespace

Result<Bytes> message_of_json(const codec::MessageTable& table, std::string_view json,
                              int max_depth) {
  if (json == "null" && table.well_known() != codec::WellKnown::Value) return Bytes();
  const JsonReadOptions options = read_options(max_depth);
  Buffer wire;
  codec::JsonFault fault;
  if (codec::read_json(table, json, options, *wire, fault)) return Bytes::copy_of(wire->view());
  return invalid_argument(fault.message());
}

Result<Bytes> message_of_list(const codec::MessageTable& table, std::string_view json,
                              int max_depth) {
  const JsonReadOptions options = read_options(max_depth);
  Buffer wire;
  std::uint32_t at = 0;
  JsonParts elements(json);
  for (; elements.next(); ++at) {
    if (at == table.size()) {
      return invalid_argument("there are more than the " + std::to_string(at) + " fields of " +
                              table.type().full_name());
    }
    codec::JsonFault fault;
    if (!codec::read_json_field(table.field(at), elements.value(), options, *wire, fault)) {
      return invalid_argument("element " + std::to_string(at) + ": " + fault.message());
    }
  }
  if (!elements.status().ok()) return elements.status();
  return Bytes::copy_of(wire->view());
}

Status append_json(const codec::MessageTable& table, std::string_view message, FieldNames names,
                   std::string& out) {
  JsonWriteOptions options{.enum_numbers = true, .long_numbers = true};
  options.declared_names = names == FieldNames::Declared;
  Buffer text;
  Status status = codec::print_json(table, message, options, codec::WireOrigin::Peer, *text);
  if (status.ok()) out.append(text->view());
  return status;
}

}  // namespace weft::foreign
