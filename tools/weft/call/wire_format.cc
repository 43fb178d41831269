#include "tools/weft/call/wire_format.h"

#include <google/protobuf/message.h>

#include "weft/base/text/printable.h"
#include "weft/codec/json/json.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/xml/xml.h"

namespace weft::cli {

namespace pb = google::protobuf;

Result<WireFormat> WireFormat::of(std::string_view name) {
  WireFormat format;
  if (name == "proto") return format;
  // A server may know fields that its reflection does not tell of.
  if (name == "json") {
    format.codec_ = json_codec({.read = {.ignore_unknown = true}});
  } else if (name == "msgpack") {
    format.codec_ = msgpack_codec({.read = {.ignore_unknown = true}});
  } else if (name == "xml") {
    format.codec_ = xml_codec({.read = {.ignore_unknown = true}});
  } else {
    return invalid_argument("'" + printable(name) +
                            "' is no format; there are proto, json, msgpack and xml");
  }
  format.factory_ = std::make_shared<pb::DynamicMessageFactory>();
  return format;
}

std::unique_ptr<pb::Message> WireFormat::new_message(const pb::Descriptor& type) const {
  return std::unique_ptr<pb::Message>(factory_->GetPrototype(&type)->New());
}

Result<Bytes> WireFormat::encode(const pb::Descriptor& type, const std::string& bytes) const {
  if (codec_ == nullptr) return Bytes::copy_of(bytes);
  const std::unique_ptr<pb::Message> message = new_message(type);
  if (!message->ParsePartialFromString(bytes)) {
    return internal_error("the request is not a " + type.full_name());
  }
  Result<Message> encoded = codec_->encode(*message);
  if (!encoded.ok()) return encoded.status();
  return encoded->to_bytes();
}

Result<std::string> WireFormat::decode(const pb::Descriptor& type, const Message& message) const {
  if (codec_ == nullptr) return std::string(message.to_bytes().view());
  const std::unique_ptr<pb::Message> decoded = new_message(type);
  if (Status status = codec_->decode(message, *decoded); !status.ok()) {
    return internal_error("the response is not " + std::string(codec_->name()) + " of a " +
                          type.full_name() + ": " + std::string(status.message()));
  }
  return decoded->SerializePartialAsString();
}

}  // namespace weft::cli
