#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <google/protobuf/dynamic_message.h>

#include "weft/base/result.h"
#include "weft/codec/codec.h"
#include "weft/codec/message.h"

namespace google::protobuf {
class Descriptor;
}  // namespace google::protobuf

namespace weft::cli {

/// The format in which the messages of a call travel. What is typed and printed is JSON in every
/// format. Types must outlive it.
class WireFormat {
 public:
  /// Protobuf.
  WireFormat() = default;
  /// "proto", "json", "msgpack", "xml".
  static Result<WireFormat> of(std::string_view name);

  /// Null for protobuf, as CallOptions::codec has it. Lives as long as this.
  const Codec* codec() const noexcept { return codec_.get(); }

  /// A message in protobuf's encoding as it travels.
  Result<Bytes> encode(const google::protobuf::Descriptor& type, const std::string& bytes) const;
  /// A message that has come, in protobuf's encoding.
  Result<std::string> decode(const google::protobuf::Descriptor& type,
                             const Message& message) const;

 private:
  std::unique_ptr<google::protobuf::Message> new_message(
      const google::protobuf::Descriptor& type) const;

  std::shared_ptr<const Codec> codec_;
  // Its messages must not outlive it.
  std::shared_ptr<google::protobuf::DynamicMessageFactory> factory_;
};

}  // namespace weft::cli
