#include "weft/foreign/json/message_json.h"

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/object_bytes.h"

namespace weft::foreign {
namespace {

using Buffer = codec::ThreadBuffer<codec::BufferUse::Wire>;
}  // namespace

Result<Bytes> message_of_json(const codec::MessageTable& table, std::string_view json,
                              int max_depth) {
  if (json == "null" && table.well_known() != codec::WellKnown::Value) return Bytes();
  const JsonReadOptions options{.ignore_unknown = true, .any_case = true, .max_depth = max_depth};
  Buffer wire;
  codec::JsonFault fault;
  if (codec::read_json(table, json, options, *wire, fault)) return Bytes::copy_of(wire->view());
  return invalid_argument(fault.message());
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
