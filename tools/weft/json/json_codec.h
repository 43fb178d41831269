#pragma once

#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

#include "tools/weft/json/json_splitter.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// A message in protobuf's JSON mapping as bytes. INVALID_ARGUMENT naming the field, what is wrong
/// with it, and its place in the text the JSON came from.
Result<std::string> encode_json(const Schema& schema, const google::protobuf::Descriptor& type,
                                const JsonText& json);

struct DecodeOptions {
  /// Show fields without presence that have their default value too; see json_defaults.h.
  bool emit_defaults = false;
};

/// Bytes of a message as JSON on one line, as printable_json() makes it. INTERNAL naming the type
/// when they are not such a message, or hold an Any of an unknown type.
Result<std::string> decode_to_json(const Schema& schema, const google::protobuf::Descriptor& type,
                                   const std::string& bytes, DecodeOptions options = {});

/// Where the value of a field such as "items[1].price" begins in `json`; where the path leads
/// nowhere, the nearest value around it that there is.
TextPosition locate_field(const JsonText& json, std::string_view path);

}  // namespace weft::cli
