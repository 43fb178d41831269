#include "weft/edge/openapi/internal/schemas.h"

#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/codec/schema/well_known.h"

namespace weft::edge::api {
namespace {

namespace pb = google::protobuf;
using codec::WellKnown;

/// The JSON of a scalar; of none: empty.
std::string_view scalar(pb::FieldDescriptor::Type type) {
  switch (type) {
    case pb::FieldDescriptor::TYPE_DOUBLE:
      return R"({"anyOf":[{"type":"number","format":"double"},{"enum":["NaN","Infinity","-Infinity"]}]})";
    case pb::FieldDescriptor::TYPE_FLOAT:
      return R"({"anyOf":[{"type":"number","format":"float"},{"enum":["NaN","Infinity","-Infinity"]}]})";
    case pb::FieldDescriptor::TYPE_INT64:
    case pb::FieldDescriptor::TYPE_SINT64:
    case pb::FieldDescriptor::TYPE_SFIXED64:
      return R"({"type":"string","format":"int64"})";
    case pb::FieldDescriptor::TYPE_UINT64:
    case pb::FieldDescriptor::TYPE_FIXED64:
      return R"({"type":"string","format":"uint64"})";
    case pb::FieldDescriptor::TYPE_INT32:
    case pb::FieldDescriptor::TYPE_SINT32:
    case pb::FieldDescriptor::TYPE_SFIXED32:
      return R"({"type":"integer","format":"int32"})";
    case pb::FieldDescriptor::TYPE_UINT32:
    case pb::FieldDescriptor::TYPE_FIXED32:
      return R"({"type":"integer","format":"uint32","minimum":0})";
    case pb::FieldDescriptor::TYPE_BOOL:
      return R"({"type":"boolean"})";
    case pb::FieldDescriptor::TYPE_STRING:
      return R"({"type":"string"})";
    case pb::FieldDescriptor::TYPE_BYTES:
      return R"({"type":"string","contentEncoding":"base64"})";
    default:
      return {};
  }
}

/// The JSON of types that have their own; of others: empty.
std::string_view own_json(WellKnown type) {
  switch (type) {
    case WellKnown::Any:
      return R"({"type":"object","properties":{"@type":{"type":"string"}},"required":["@type"]})";
    case WellKnown::Timestamp:
      return R"({"type":"string","format":"date-time"})";
    case WellKnown::Duration:
      return R"({"type":"string","description":"Seconds, with up to nine decimals: 1.5s","pattern":"^-?[0-9]+(\\.[0-9]{1,9})?s$"})";
    case WellKnown::FieldMask:
      return R"({"type":"string","description":"Paths of fields, with commas between"})";
    case WellKnown::Struct:
    case WellKnown::Empty:
      return R"({"type":"object"})";
    case WellKnown::ListValue:
      return R"({"type":"array","items":{}})";
    case WellKnown::Value:
      return "{}";
    default:
      return {};
  }
}

}  // namespace

std::string Schemas::name_of(const pb::FieldDescriptor& field) const {
  return std::string(json_.declared_names ? field.name() : field.json_name());
}

void Schemas::put(JsonText& out, const pb::Descriptor& type) {
  const WellKnown known = codec::well_known_of(type);
  if (known == WellKnown::Wrapper) {
    out.open('{').key("anyOf").open('[');
    put_element(out, *type.field(0));
    out.raw(R"({"type":"null"})").close(']').close('}');
  } else if (const std::string_view own = own_json(known); !own.empty()) {
    out.raw(own);
  } else {
    refer(out, type);
  }
}

void Schemas::put(JsonText& out, const pb::FieldDescriptor& field) {
  if (field.is_map()) {
    out.open('{').member("type", "object").key("additionalProperties");
    put_element(out, *field.message_type()->map_value());
    out.close('}');
  } else if (field.is_repeated()) {
    out.open('{').member("type", "array").key("items");
    put_element(out, field);
    out.close('}');
  } else {
    put_element(out, field);
  }
}

void Schemas::put_element(JsonText& out, const pb::FieldDescriptor& field) {
  if (const std::string_view known = scalar(field.type()); !known.empty()) {
    out.raw(known);
  } else if (field.enum_type() != nullptr) {
    refer(out, *field.enum_type());
  } else {
    put(out, *field.message_type());
  }
}

void Schemas::refer(JsonText& out, const pb::Descriptor& type) {
  const std::string name(type.full_name());
  if (named_.insert(name).second) messages_.push_back(&type);
  out.ref("schemas", name);
}

void Schemas::refer(JsonText& out, const pb::EnumDescriptor& type) {
  const std::string name(type.full_name());
  if (name == "google.protobuf.NullValue") {
    out.raw(R"({"type":"null"})");
    return;
  }
  if (named_.insert(name).second) enums_.push_back(&type);
  out.ref("schemas", name);
}

void Schemas::put_components(JsonText& out, std::size_t max_size) {
  while ((!messages_.empty() || !enums_.empty()) && out.size() <= max_size) {
    if (!messages_.empty()) {
      const pb::Descriptor& type = *messages_.back();
      messages_.pop_back();
      out.key(std::string(type.full_name()));
      put_message(out, type);
    } else {
      const pb::EnumDescriptor& type = *enums_.back();
      enums_.pop_back();
      out.key(std::string(type.full_name()));
      put_enum(out, type);
    }
  }
}

void Schemas::put_message(JsonText& out, const pb::Descriptor& type) {
  out.open('{').member("type", "object").described(comments_.of(type));
  out.key("properties").open('{');
  for (int i = 0; i < type.field_count(); ++i) {
    out.key(name_of(*type.field(i)));
    put_property(out, *type.field(i));
  }
  out.close('}');
  put_required(out, type);
  put_oneofs(out, type);
  if (type.options().deprecated()) out.key("deprecated").raw("true");
  out.close('}');
}

/// A schema beside which a description may stand: in 3.1 beside a reference too.
void Schemas::put_property(JsonText& out, const pb::FieldDescriptor& field) {
  const std::string comment = comments_.of(field);
  const bool deprecated = field.options().deprecated();
  if (comment.empty() && !deprecated) return put(out, field);
  out.open('{').described(comment);
  if (deprecated) out.key("deprecated").raw("true");
  out.key("allOf").open('[');
  put(out, field);
  out.close(']').close('}');
}

void Schemas::put_required(JsonText& out, const pb::Descriptor& type) const {
  bool any = false;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!type.field(i)->is_required()) continue;
    if (!any) out.key("required").open('[');
    any = true;
    out.text(name_of(*type.field(i)));
  }
  if (any) out.close(']');
}

/// At most one field of each oneof.
void Schemas::put_oneofs(JsonText& out, const pb::Descriptor& type) const {
  bool any = false;
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor& oneof = *type.oneof_decl(i);
    if (oneof.field_count() < 2) continue;
    if (!any) out.key("allOf").open('[');
    any = true;
    std::string members;
    for (int j = 0; j < oneof.field_count(); ++j) {
      JsonText one;
      one.open('{').key("required").open('[').text(name_of(*oneof.field(j))).close(']').close('}');
      members += (j == 0 ? "" : ",") + one.view();
    }
    out.open('{').key("oneOf").open('[').raw(members);
    out.raw("{\"not\":{\"anyOf\":[" + members + "]}}").close(']').close('}');
  }
  if (any) out.close(']');
}

void Schemas::put_enum(JsonText& out, const pb::EnumDescriptor& type) const {
  std::string description = comments_.of(type);
  out.open('{').member("type", json_.enum_numbers ? "integer" : "string").key("enum").open('[');
  std::set<int> seen;
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    // An alias is read, but not written.
    if (!seen.insert(value.number()).second) continue;
    if (json_.enum_numbers) {
      out.raw(std::to_string(value.number()));
    } else {
      out.text(std::string(value.name()));
    }
    if (const std::string comment = comments_.of(value); !comment.empty()) {
      if (!description.empty()) description += '\n';
      description += std::string(value.name()) + ": " + comment;
    }
  }
  out.close(']').described(description);
  if (type.options().deprecated()) out.key("deprecated").raw("true");
  out.close('}');
}

}  // namespace weft::edge::api
