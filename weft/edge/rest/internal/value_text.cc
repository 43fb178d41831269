#include "weft/edge/rest/internal/value_text.h"

#include <charconv>
#include <cmath>
#include <memory>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "weft/base/text/ascii.h"
#include "weft/codec/json/json.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge::rest {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// The value of a field by its two getters.
template <class Single, class Element>
auto get(const Message& holder, const FieldDescriptor& field, int index, Single single,
         Element element) {
  const Reflection& reflection = *holder.GetReflection();
  return index == kSingle ? (reflection.*single)(holder, &field)
                          : (reflection.*element)(holder, &field, index);
}

/// The shortest text that is read as the same value.
template <class Float>
std::string float_text(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

std::string enum_text(const FieldDescriptor& field, int number) {
  const auto* const value = field.enum_type()->FindValueByNumber(number);
  return value == nullptr ? std::to_string(number) : value->name();
}

Result<std::string> message_text(const Message& message) {
  // A wrapper is what it wraps.
  const FieldDescriptor* const wrapped = message.GetDescriptor()->FindFieldByName("value");
  if (wrapped != nullptr) return value_text(message, *wrapped, kSingle);
  Result<std::string> json = to_json(message);
  if (!json.ok()) return json.status();
  // A time, a duration, a field mask: a string without escapes.
  return json->substr(1, json->size() - 2);
}

std::string bytes_text(const std::string& bytes) {
  std::string encoded;
  rpc::base64_encode(bytes, encoded);
  return encoded;
}

/// The value in `{"name":value}`.
std::string only_value(const std::string& object) {
  std::size_t at = 2;
  while (object[at] != '"') at += object[at] == '\\' ? 2 : 1;
  return object.substr(at + 2, object.size() - at - 3);
}

}  // namespace

Result<std::string> value_text(const Message& holder, const FieldDescriptor& field, int index) {
  using R = Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(get(holder, field, index, &R::GetInt32, &R::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(get(holder, field, index, &R::GetInt64, &R::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(get(holder, field, index, &R::GetUInt32, &R::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(get(holder, field, index, &R::GetUInt64, &R::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return float_text(get(holder, field, index, &R::GetDouble, &R::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return float_text(get(holder, field, index, &R::GetFloat, &R::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_BOOL:
      return std::string(get(holder, field, index, &R::GetBool, &R::GetRepeatedBool) ? "true"
                                                                                     : "false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_text(field,
                       get(holder, field, index, &R::GetEnumValue, &R::GetRepeatedEnumValue));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = get(holder, field, index, &R::GetString, &R::GetRepeatedString);
      return field.type() == FieldDescriptor::TYPE_BYTES ? bytes_text(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  const Reflection& reflection = *holder.GetReflection();
  return message_text(index == kSingle ? reflection.GetMessage(holder, &field)
                                       : reflection.GetRepeatedMessage(holder, &field, index));
}

Result<std::string> field_json(Message& holder, const FieldDescriptor& field) {
  const Reflection& reflection = *holder.GetReflection();
  const bool one_message =
      !field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (one_message) return to_json(reflection.GetMessage(holder, &field));
  const std::unique_ptr<Message> alone(holder.New());
  reflection.SwapFields(alone.get(), &holder, {&field});
  const Result<std::string> object = to_json(*alone);
  reflection.SwapFields(alone.get(), &holder, {&field});
  if (!object.ok()) return object.status();
  if (*object != "{}") return only_value(*object);
  if (field.is_map()) return std::string("{}");
  return std::string(field.is_repeated() ? "[]" : "null");
}

std::string url_escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kOthers = "-._~";
  std::string escaped;
  for (const char c : text) {
    if (ascii::is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos) {
      escaped += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    escaped.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return escaped;
}

}  // namespace weft::edge::rest
