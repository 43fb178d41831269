#include "tools/weft/schema/well_known_types.h"

#include <array>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/base/printable.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

bool same_type(const pb::FieldDescriptor& a, const pb::FieldDescriptor& b) {
  if (a.name() != b.name() || a.type() != b.type() || a.is_map() != b.is_map()) return false;
  if (a.is_repeated() != b.is_repeated()) return false;
  if (a.message_type() != nullptr && a.message_type()->full_name() != b.message_type()->full_name())
    return false;
  return a.enum_type() == nullptr || a.enum_type()->full_name() == b.enum_type()->full_name();
}

bool same_fields(const pb::Descriptor& found, const pb::Descriptor& usual) {
  if (found.field_count() != usual.field_count()) return false;
  for (int i = 0; i < usual.field_count(); ++i) {
    const pb::FieldDescriptor& field = *usual.field(i);
    const pb::FieldDescriptor* other = found.FindFieldByNumber(field.number());
    if (other == nullptr || !same_type(*other, field)) return false;
    if (field.is_map() && !same_fields(*other->message_type(), *field.message_type())) return false;
  }
  return true;
}

}  // namespace

Status check_well_known_types(const pb::DescriptorPool& pool) {
  const std::array usual = {
      pb::Any::descriptor(),         pb::Duration::descriptor(),    pb::FieldMask::descriptor(),
      pb::Struct::descriptor(),      pb::Value::descriptor(),       pb::ListValue::descriptor(),
      pb::Timestamp::descriptor(),   pb::DoubleValue::descriptor(), pb::FloatValue::descriptor(),
      pb::Int64Value::descriptor(),  pb::UInt64Value::descriptor(), pb::Int32Value::descriptor(),
      pb::UInt32Value::descriptor(), pb::BoolValue::descriptor(),   pb::StringValue::descriptor(),
      pb::BytesValue::descriptor()};
  for (const pb::Descriptor* type : usual) {
    const pb::Descriptor* found = pool.FindMessageTypeByName(type->full_name());
    if (found == nullptr || same_fields(*found, *type)) continue;
    return invalid_argument("the type " + type->full_name() + " in " +
                            printable(found->file()->name()) +
                            " is not protobuf's, so that there is no JSON for it");
  }
  return ok_status();
}

}  // namespace weft::cli
