#include "weft/codec/protobuf.h"

#include <climits>
#include <cstdint>
#include <string>

#include <google/protobuf/message_lite.h>

namespace weft::codec {

namespace {

using google::protobuf::MessageLite;

std::size_t size_of(const void* object) {
  return static_cast<const MessageLite*>(object)->ByteSizeLong();
}

void write(const void* object, std::size_t /*size*/, char* out) {
  // size_of() has just cached the sizes of the nested messages.
  static_cast<const MessageLite*>(object)->SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(out));
}

constexpr MessageOps kProtobufOps{.size = size_of, .write = write};

}  // namespace

Message message_of(const MessageLite& message) { return Message(&message, kProtobufOps); }

Status parse(const Bytes& bytes, MessageLite& into) {
  if (bytes.size() > INT_MAX) {
    return internal_error(std::to_string(bytes.size()) + " bytes are more than a " +
                          into.GetTypeName() + " can hold, 2147483647");
  }
  // ParseFromArray would write to protobuf's log for each message that lacks a required field,
  // which hands the peer a way to fill disks.
  if (!into.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return internal_error(std::to_string(bytes.size()) + " bytes are not a " + into.GetTypeName());
  }
  if (!into.IsInitialized()) {
    return internal_error(std::to_string(bytes.size()) + " bytes are not a whole " +
                          into.GetTypeName() +
                          ": missing required fields: " + into.InitializationErrorString());
  }
  return ok_status();
}

}  // namespace weft::codec
