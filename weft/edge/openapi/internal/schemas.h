#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weft/codec/json/json.h"
#include "weft/edge/openapi/internal/comments.h"
#include "weft/edge/openapi/internal/json_text.h"

namespace weft::edge::api {

/// JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of protobuf's types, as the canonical mapping
/// of JSON writes them. Messages and enums are components, which others refer to, so a type may
/// hold itself.
class Schemas {
 public:
  Schemas(const JsonWriteOptions& json, const Comments& comments) noexcept
      : json_(json), comments_(comments) {}

  /// The schema of a message: a reference, or what its JSON is where that is not an object of
  /// fields.
  void put(JsonText& out, const google::protobuf::Descriptor& type);
  /// That of a field's value, with lists and maps; `description` where it says something.
  void put(JsonText& out, const google::protobuf::FieldDescriptor& field);
  /// That of one element of a list.
  void put_element(JsonText& out, const google::protobuf::FieldDescriptor& field);
  /// As a message of its own, whose name has a meaning here: google.rpc.Status.
  bool has(std::string_view name) const { return named_.contains(std::string(name)); }

  /// Components for all types that were referred to, and for those that they refer to, until `out`
  /// has `max_size` bytes.
  void put_components(JsonText& out, std::size_t max_size);

 private:
  void refer(JsonText& out, const google::protobuf::Descriptor& type);
  void refer(JsonText& out, const google::protobuf::EnumDescriptor& type);
  void put_message(JsonText& out, const google::protobuf::Descriptor& type);
  void put_property(JsonText& out, const google::protobuf::FieldDescriptor& field);
  void put_oneofs(JsonText& out, const google::protobuf::Descriptor& type) const;
  void put_required(JsonText& out, const google::protobuf::Descriptor& type) const;
  void put_enum(JsonText& out, const google::protobuf::EnumDescriptor& type) const;
  std::string name_of(const google::protobuf::FieldDescriptor& field) const;

  const JsonWriteOptions json_;
  const Comments& comments_;
  std::set<std::string> named_;
  std::vector<const google::protobuf::Descriptor*> messages_;   // to be written
  std::vector<const google::protobuf::EnumDescriptor*> enums_;  // to be written
};

}  // namespace weft::edge::api
