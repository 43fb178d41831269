#include "weft/codec/schema/object_bytes.h"

#include <algorithm>
#include <climits>
#include <memory>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

namespace weft::codec {

namespace pb = google::protobuf;

Status serialize(const pb::Message& message, OutputBytes& out) {
  const std::size_t size = message.ByteSizeLong();
  if (size > INT_MAX) {
    return resource_exhausted("a message of " + std::to_string(size) +
                              " bytes is larger than protobuf can write, 2147483647 bytes");
  }
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.room(size + 1)));
  out.advance(size);
  return {};
}

Status parse(std::string_view wire, int max_depth, pb::Message& into) {
  // The stream, which knows another limit of depth than 100, costs a small message half as much
  // again.
  if (into.ParsePartialFromArray(wire.data(), static_cast<int>(wire.size()))) [[likely]]
    return {};
  pb::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(wire.data()),
                                 static_cast<int>(wire.size()));
  input.SetRecursionLimit(3 * std::max(max_depth, 0) + 10);
  into.Clear();
  if (into.MergePartialFromCodedStream(&input) && input.ConsumedEntireMessage()) return {};
  return internal_error("what was read is not a " + into.GetTypeName());
}

bool normalize(const pb::Descriptor& type, std::string_view bytes, OutputBytes& out) {
  const pb::Message* prototype = nullptr;
  if (type.file()->pool() == pb::DescriptorPool::generated_pool()) {
    prototype = pb::MessageFactory::generated_factory()->GetPrototype(&type);
  }
  pb::DynamicMessageFactory factory;
  if (prototype == nullptr) prototype = factory.GetPrototype(&type);
  const std::unique_ptr<pb::Message> message(prototype->New());
  if (bytes.size() > INT_MAX ||
      !message->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return false;
  }
  const std::size_t size = message->ByteSizeLong();
  if (size > INT_MAX) return false;
  pb::io::ArrayOutputStream stream(out.room(size + 1), static_cast<int>(size));
  pb::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message->SerializeWithCachedSizes(&coded);
  coded.Trim();
  out.advance(size);
  return !coded.HadError();
}

}  // namespace weft::codec
