#include "weft/codec/schema/well_known.h"

#include <array>
#include <span>
#include <string_view>

#include <google/protobuf/descriptor.h>

namespace weft::codec {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

struct UsualField {
  int number;
  std::string_view name;
  Field::Type type;
  bool repeated = false;
  std::string_view of = {};  // the full name of its message or enum
};

constexpr std::array kAny = {UsualField{1, "type_url", Field::TYPE_STRING},
                             UsualField{2, "value", Field::TYPE_BYTES}};
constexpr std::array kTime = {UsualField{1, "seconds", Field::TYPE_INT64},
                              UsualField{2, "nanos", Field::TYPE_INT32}};
constexpr std::array kFieldMask = {UsualField{1, "paths", Field::TYPE_STRING, true}};
constexpr std::array kStruct = {
    UsualField{1, "fields", Field::TYPE_MESSAGE, true, "google.protobuf.Struct.FieldsEntry"}};
constexpr std::array kStructEntry = {
    UsualField{1, "key", Field::TYPE_STRING},
    UsualField{2, "value", Field::TYPE_MESSAGE, false, "google.protobuf.Value"}};
constexpr std::array kValue = {
    UsualField{1, "null_value", Field::TYPE_ENUM, false, "google.protobuf.NullValue"},
    UsualField{2, "number_value", Field::TYPE_DOUBLE},
    UsualField{3, "string_value", Field::TYPE_STRING},
    UsualField{4, "bool_value", Field::TYPE_BOOL},
    UsualField{5, "struct_value", Field::TYPE_MESSAGE, false, "google.protobuf.Struct"},
    UsualField{6, "list_value", Field::TYPE_MESSAGE, false, "google.protobuf.ListValue"}};
constexpr std::array kListValue = {
    UsualField{1, "values", Field::TYPE_MESSAGE, true, "google.protobuf.Value"}};

bool is_usual(const Field& field, const UsualField& usual) {
  if (field.number() != usual.number || field.name() != usual.name) return false;
  if (field.type() != usual.type || field.is_repeated() != usual.repeated) return false;
  if (field.message_type() != nullptr) return field.message_type()->full_name() == usual.of;
  return field.enum_type() == nullptr || field.enum_type()->full_name() == usual.of;
}

bool has_fields(const pb::Descriptor& type, std::span<const UsualField> usual) {
  if (type.field_count() != static_cast<int>(usual.size())) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!is_usual(*type.field(i), usual[static_cast<std::size_t>(i)])) return false;
  }
  return true;
}

bool is_wrapper(const pb::Descriptor& type) {
  // In the order of Descriptor::WellKnownType.
  static constexpr std::array kKinds = {Field::TYPE_DOUBLE, Field::TYPE_FLOAT, Field::TYPE_INT64,
                                        Field::TYPE_UINT64, Field::TYPE_INT32, Field::TYPE_UINT32,
                                        Field::TYPE_STRING, Field::TYPE_BYTES, Field::TYPE_BOOL};
  const int at = type.well_known_type() - pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE;
  const std::array usual = {UsualField{1, "value", kKinds[static_cast<std::size_t>(at)]}};
  return has_fields(type, usual) && !type.field(0)->has_presence();
}

bool is_value(const pb::Descriptor& type) {
  return has_fields(type, kValue) && type.real_oneof_decl_count() == 1 &&
         type.oneof_decl(0)->field_count() == type.field_count();
}

bool is_struct(const pb::Descriptor& type) {
  return has_fields(type, kStruct) && type.field(0)->is_map() &&
         has_fields(*type.field(0)->message_type(), kStructEntry);
}

WellKnown if_usual(bool usual, WellKnown type) { return usual ? type : WellKnown::None; }

}  // namespace

WellKnown well_known_of(const pb::Descriptor& type) {
  switch (type.well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return if_usual(type.field_count() == 0 && type.full_name() == "google.protobuf.Empty",
                      WellKnown::Empty);
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
      return if_usual(has_fields(type, kAny), WellKnown::Any);
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return if_usual(has_fields(type, kTime), WellKnown::Duration);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return if_usual(has_fields(type, kTime), WellKnown::Timestamp);
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return if_usual(has_fields(type, kFieldMask), WellKnown::FieldMask);
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
      return if_usual(is_struct(type), WellKnown::Struct);
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      return if_usual(is_value(type), WellKnown::Value);
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return if_usual(has_fields(type, kListValue), WellKnown::ListValue);
    default:
      return if_usual(is_wrapper(type), WellKnown::Wrapper);
  }
}

}  // namespace weft::codec
