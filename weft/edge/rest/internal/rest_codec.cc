#include "weft/edge/rest/internal/rest_codec.h"

#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "weft/base/text/printable.h"
#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/edge/rest/internal/present_fields.h"
#include "weft/edge/rest/internal/request_bytes.h"

namespace weft::edge::rest {
namespace {

namespace pb = google::protobuf;
using codec::BufferUse;
using codec::ThreadBuffer;

Status lite(const pb::MessageLite& object) {
  return internal_error(object.GetTypeName() +
                        " is of protobuf's lite runtime, whose messages have no JSON");
}

std::string text_of(const pb::Message& message, int field) {
  const pb::FieldDescriptor* found = message.GetDescriptor()->FindFieldByNumber(field);
  const bool is_text = found != nullptr && !found->is_repeated() &&
                       found->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
  return is_text ? message.GetReflection()->GetString(message, found) : std::string();
}

/// Whether `bytes`, which were written here, have a field.
bool has_field(std::string_view bytes, const codec::FieldTable& field) {
  for (codec::WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    codec::WireType wire{};
    if (!reader.tag(number, wire) || number == field.number) return true;
    if (!reader.skip(number, wire)) return true;
  }
  return false;
}

/// What a field of HTTP may have as its value (RFC 9110 section 5.5).
bool is_field_value(std::string_view text) noexcept { return !text.empty() && is_printable(text); }

}  // namespace

Status RestCodec::decode(const Message& message, pb::MessageLite& into) const {
  auto* const object = dynamic_cast<pb::Message*>(&into);
  if (object == nullptr) return lite(into);
  const Bytes content = message.bytes();
  ThreadBuffer<BufferUse::Wire> wire;
  RequestBytes bytes(options_.read, *wire);
  Status status;
  if (rule_.body == BoundRule::Body::None) {
    if (!content.empty())
      status = invalid_argument("the path takes no content: there are " +
                                std::to_string(content.size()) + " bytes");
  } else if (rule_.has_raw_content()) {
    bytes.add_content(rule_.body_field, content_type_, content.view());
  } else if (!content.empty()) {
    status = rule_.body == BoundRule::Body::Whole
                 ? bytes.add_message(*rule_.request, content.view())
                 : bytes.add_field(*rule_.body_field, content.view());
  }
  if (status.ok() && rule_.mask_field != nullptr && !content.empty() &&
      !has_field(parameters_, *rule_.mask_field)) {
    status =
        add_present_fields(*rule_.mask_field, rule_.body_field->message(), content.view(), *wire);
  }
  if (!status.ok()) return status;
  wire->put(parameters_);
  return codec::parse(wire->view(), options_.read.max_depth, *object);
}

Result<Message> RestCodec::encode(const pb::MessageLite& lite_object) const {
  const auto* const object = dynamic_cast<const pb::Message*>(&lite_object);
  if (object == nullptr) return lite(lite_object);
  const codec::FieldTable* const field = rule_.response_field;
  if (rule_.has_raw_response()) {
    if (field == nullptr) return encode_body(*object);
    return encode_body(object->GetReflection()->GetMessage(*object, field->descriptor));
  }
  ThreadBuffer<BufferUse::Wire> wire;
  Status status = codec::serialize(*object, *wire);
  if (!status.ok()) return status;
  ThreadBuffer<BufferUse::Format> out;
  constexpr auto kOwn = codec::WireOrigin::Own;
  status = field == nullptr
               ? codec::print_json(*rule_.response, wire->view(), options_.write, kOwn, *out)
               : codec::print_json_field(*field, wire->view(), options_.write, kOwn, *out);
  if (!status.ok()) return status;
  return Message(Bytes::copy_of(out->view()));
}

/// google.api.HttpBody: content_type is 1, data 2.
Result<Message> RestCodec::encode_body(const pb::Message& body) const {
  std::string type = text_of(body, 1);
  if (is_field_value(type)) {
    response_type_ = std::move(type);
  } else if (type.empty()) {
    response_type_ = "application/octet-stream";
  } else {
    return invalid_argument("google.api.HttpBody: the content_type " + shown(type) + " is none");
  }
  return Message(Bytes::copy_of(text_of(body, 2)));
}

}  // namespace weft::edge::rest
