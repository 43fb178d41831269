#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"

#include "tools/weft/json/json_splitter.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// A message in protobuf's JSON mapping (docs/reference/json.md) as bytes; what decode_to_json()
/// marks is read, too. INVALID_ARGUMENT naming the field, what is wrong with it, and its place in
/// the text the JSON came from.
Result<std::string> encode_json(const Schema& schema, const google::protobuf::Descriptor& type,
                                const JsonText& json);

struct DecodeOptions {
  /// Show fields without presence that have their default value too.
  bool emit_defaults = false;
};

/// Bytes of a message as JSON on one line, as printable_json() makes it; what has no JSON is
/// marked. INTERNAL naming the type when they are not such a message, RESOURCE_EXHAUSTED when they
/// are too much JSON. `unknown_types`, where given, gets the full names of types of an Any that the
/// schema does not have.
Result<std::string> decode_to_json(const Schema& schema, const google::protobuf::Descriptor& type,
                                   std::string_view bytes, DecodeOptions options = {},
                                   std::vector<std::string>* unknown_types = nullptr);

}  // namespace weft::cli
