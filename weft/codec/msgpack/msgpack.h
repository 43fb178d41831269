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

/// How messages are written as MessagePack (docs/reference/msgpack.md).
struct MsgpackWriteOptions {
  /// Fields without presence that have their default value: 0, "", false, empty lists and maps.
  bool defaults = false;
  /// Names as in the .proto file rather than in lowerCamelCase.
  bool declared_names = false;
  /// Field numbers instead of names: shorter, and read by weft only with the same .proto file.
  bool field_numbers = false;
  /// Enums by name; a number without a name stays a number.
  bool enum_names = false;
  /// Maps and lists in each other, at most 1000; deeper ones are an error.
  int max_depth = 100;
  /// Bytes; more is RESOURCE_EXHAUSTED.
  std::size_t max_size = 0x7fffffff;
};

/// How MessagePack is read. Names of both forms and numbers of fields, and both forms of an enum,
/// are always read.
struct MsgpackReadOptions {
  /// Unknown fields, and names of enum values that are unknown, are passed over.
  bool ignore_unknown = false;
  /// As above.
  int max_depth = 100;
};

/// Everything of a codec.
struct MsgpackOptions {
  MsgpackWriteOptions write = {};
  MsgpackReadOptions read = {};
  /// Where the types of messages in an Any, and extensions, are looked up; null: where the
  /// message's own type is.
  std::shared_ptr<const google::protobuf::DescriptorPool> types = nullptr;
};

/// A message as MessagePack. INVALID_ARGUMENT naming the field that cannot be written: a time out
/// of range, a string that is not UTF-8. Fields that are required and not set are no error.
Result<std::string> to_msgpack(const google::protobuf::Message& message,
                               const MsgpackWriteOptions& options = {});

/// Replaces `into` by what `bytes` say; on an error it is empty or a part. INVALID_ARGUMENT with
/// the offset in `bytes`, the field's path ("orders[3].price"), the value and its limit. Fields
/// that are required and missing are no error.
Status from_msgpack(std::string_view bytes, google::protobuf::Message& into,
                    const MsgpackReadOptions& options = {});

/// The codec of `application/grpc+msgpack`, for Server::add(), ChannelOptions::codec and
/// CallOptions::codec. A message of the lite runtime, which has no reflection, is an error that
/// says so.
std::shared_ptr<const Codec> msgpack_codec(MsgpackOptions options = {});

}  // namespace weft
