#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/codec.h"

namespace google::protobuf {
class DescriptorPool;
class Message;
}  // namespace google::protobuf

namespace weft {

/// How messages are written as JSON, protobuf's canonical mapping (docs/reference/json.md).
struct JsonWriteOptions {
  /// Fields without presence that have their default value: 0, "", false, empty lists and maps.
  bool defaults = false;
  /// Names as in the .proto file rather than in lowerCamelCase.
  bool declared_names = false;
  /// Enums as numbers.
  bool enum_numbers = false;
  /// 64-bit integers as numbers, for readers that have such integers; canonical is in quotes, for
  /// JavaScript, whose numbers hold 53 bits.
  bool long_numbers = false;
  /// Spaces of each level of a text over several lines; 0: one line without any.
  int indent = 0;
  /// For people: what has no JSON is marked instead of being an error, and unknown fields are
  /// shown: `{"@type": ..., "@value": "<base64>"}` and the other forms of docs/reference/json.md.
  bool marks = false;
  /// Objects, lists and maps in each other, at most 1000. Deeper ones are an error, or marked.
  int max_depth = 100;
  /// Bytes of text; more is RESOURCE_EXHAUSTED.
  std::size_t max_size = 0x7fffffff;
};

/// How JSON is read. Both names of a field, both forms of an enum and both alphabets of base64 are
/// read always.
struct JsonReadOptions {
  /// Unknown fields, and names of enum values that are unknown, are passed over.
  bool ignore_unknown = false;
  /// A name of no field is that of the field which it names without regard to case, in ASCII, as
  /// Go's encoding/json reads names.
  bool any_case = false;
  /// The forms that JsonWriteOptions::marks writes are read, too.
  bool marks = false;
  /// As above.
  int max_depth = 100;
};

/// Everything of a codec.
struct JsonOptions {
  JsonWriteOptions write = {};
  JsonReadOptions read = {};
  /// Where the types of messages in an Any, and extensions, are looked up; null: where the
  /// message's own type is.
  std::shared_ptr<const google::protobuf::DescriptorPool> types = nullptr;
};

/// A message as JSON. INVALID_ARGUMENT naming the field whose value has no JSON: an Any of an
/// unknown type, a time out of range, a string that is not UTF-8. Fields that are required and not
/// set are no error.
Result<std::string> to_json(const google::protobuf::Message& message,
                            const JsonWriteOptions& options = {});

/// Replaces `into` by what `json` says; on an error it is empty or a part. INVALID_ARGUMENT with
/// line, column, the field's path ("orders[3].price"), the value and its limit. A byte order mark
/// is passed over. Fields that are required and missing are no error.
Status from_json(std::string_view json, google::protobuf::Message& into,
                 const JsonReadOptions& options = {});

/// The codec of `application/grpc+json`, for Server::add(), ChannelOptions::codec and
/// CallOptions::codec. A message of the lite runtime, which has no reflection, is an error that
/// says so.
std::shared_ptr<const Codec> json_codec(JsonOptions options = {});

}  // namespace weft
