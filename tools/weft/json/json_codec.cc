#include "tools/weft/json/json_codec.h"

#include <algorithm>

#include "weft/base/text/printable.h"
#include "weft/codec/json/wire_json.h"

#include "tools/weft/schema/near_names.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

// JSON is a few times as large as the bytes it says; names and defaults may make it much larger.
constexpr std::size_t kMostJson = std::size_t{128} << 20;
constexpr std::size_t kMostJsonPerByte = 16;

/// Names that may have been meant by what was not found.
std::string suggestion(const codec::JsonFault& fault) {
  std::vector<std::string> names;
  if (fault.type != nullptr) {
    for (int i = 0; i < fault.type->field_count(); ++i) {
      names.push_back(fault.type->field(i)->json_name());
    }
  }
  if (fault.enum_type != nullptr) {
    for (int i = 0; i < fault.enum_type->value_count(); ++i) {
      names.push_back(fault.enum_type->value(i)->name());
    }
  }
  return did_you_mean(fault.unknown_name, names);
}

/// The fault with its place in the text that the JSON is a part of.
std::string explain(codec::JsonFault fault, const TextPosition& begin) {
  if (fault.line == 1) fault.column += begin.column - 1;
  fault.line += begin.line - 1;
  return fault.message() + suggestion(fault);
}

}  // namespace

Result<std::string> encode_json(const Schema& schema, const pb::Descriptor& type,
                                const JsonText& json) {
  codec::OutputBytes bytes;
  codec::JsonFault fault;
  const codec::MessageTable& table = schema.tables().of(type);
  if (codec::read_json(table, json.text, {.marks = true}, bytes, fault)) {
    return std::string(bytes.view());
  }
  return invalid_argument(explain(std::move(fault), json.position));
}

Result<std::string> decode_to_json(const Schema& schema, const pb::Descriptor& type,
                                   std::string_view bytes, DecodeOptions options,
                                   std::vector<std::string>* unknown_types) {
  const JsonWriteOptions write{.defaults = options.emit_defaults,
                               .marks = true,
                               .max_size = std::max(kMostJson, kMostJsonPerByte * bytes.size())};
  codec::OutputBytes json;
  const Status printed = codec::print_json(schema.tables().of(type), bytes, write,
                                           codec::WireOrigin::Peer, json, unknown_types);
  if (printed.ok()) {
    return is_printable(json.view()) ? std::string(json.view()) : printable_json(json.view());
  }
  const std::string what = "the response of " + std::to_string(bytes.size()) + " bytes";
  if (printed.code() != StatusCode::ResourceExhausted) {
    return internal_error(what + " is not a message of type " + type.full_name());
  }
  return resource_exhausted(what + " is more than " + std::to_string(write.max_size) +
                            " bytes of JSON, the limit" +
                            (options.emit_defaults ? "; --no-defaults makes it shorter" : ""));
}

}  // namespace weft::cli
