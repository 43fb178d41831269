#include "tools/weft/schema/source/foreign_descriptors.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/unknown_field_set.h>

#include "weft/base/log/log_value.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

/// protoc's name for the entries of a map: upper case behind each underscore and at the beginning.
std::string entry_name(std::string_view field) {
  std::string out;
  bool upper = true;
  for (const char c : field) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out + "Entry";
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

void name_map_entries(pb::DescriptorProto& message) {
  std::map<std::string, pb::DescriptorProto*, std::less<>> entries;
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) {
    name_map_entries(nested);
    if (nested.options().map_entry()) entries[nested.name()] = &nested;
  }
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    const std::string old(last_part(field.type_name()));
    const auto entry = entries.find(old);
    if (entry == entries.end() || field.label() != pb::FieldDescriptorProto::LABEL_REPEATED) {
      continue;
    }
    const std::string name = entry_name(field.name());
    std::string type = field.type_name();
    field.set_type_name(type.replace(type.size() - old.size(), old.size(), name));
    entry->second->set_name(name);
    // An entry belongs to one field.
    entries.erase(entry);
  }
}

// google/protobuf/descriptor.proto of protobuf 27; 3.21 keeps these fields as unknown ones.
constexpr int kEdition = 14;        // of FileDescriptorProto
constexpr int kEdition2023 = 1000;  // of the enum Edition
constexpr int kEdition2024 = 1001;
constexpr int kFileFeatures = 50;  // of FileOptions, and so on
constexpr int kMessageFeatures = 12;
constexpr int kFieldFeatures = 21;
constexpr int kPresence = 1;  // of FeatureSet
constexpr int kImplicit = 2;
constexpr int kLegacyRequired = 3;
constexpr int kRepeatedEncoding = 3;
constexpr int kExpanded = 2;
constexpr int kMessageEncoding = 5;
constexpr int kDelimited = 2;

/// The last value of a field that is unknown to this protobuf.
std::optional<std::uint64_t> number_in(const pb::UnknownFieldSet& fields, int number) {
  std::optional<std::uint64_t> found;
  for (int i = 0; i < fields.field_count(); ++i) {
    const pb::UnknownField& field = fields.field(i);
    if (field.number() == number && field.type() == pb::UnknownField::TYPE_VARINT) {
      found = field.varint();
    }
  }
  return found;
}

/// What files hand down to messages, and these to fields.
struct Features {
  bool required = false;
  bool implicit = false;
  bool expanded = false;
  bool delimited = false;

  template <class Options>
  Features with(const Options& options, int number) const {
    Features out = *this;
    const pb::UnknownFieldSet& fields = options.unknown_fields();
    for (int i = 0; i < fields.field_count(); ++i) {
      const pb::UnknownField& field = fields.field(i);
      if (field.number() != number || field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) {
        continue;
      }
      pb::UnknownFieldSet set;
      if (!set.ParseFromString(field.length_delimited())) continue;
      if (const auto value = number_in(set, kPresence)) {
        out.required = *value == kLegacyRequired;
        out.implicit = *value == kImplicit;
      }
      if (const auto value = number_in(set, kRepeatedEncoding)) out.expanded = *value == kExpanded;
      if (const auto value = number_in(set, kMessageEncoding)) out.delimited = *value == kDelimited;
    }
    return out;
  }
};

bool is_packable(pb::FieldDescriptorProto::Type type) {
  return type != pb::FieldDescriptorProto::TYPE_STRING &&
         type != pb::FieldDescriptorProto::TYPE_BYTES &&
         type != pb::FieldDescriptorProto::TYPE_MESSAGE &&
         type != pb::FieldDescriptorProto::TYPE_GROUP;
}

/// Says at the field itself what proto2 has no word for.
void mark_implicit(pb::FieldDescriptorProto& field) {
  pb::UnknownFieldSet features;
  features.AddVarint(kPresence, kImplicit);
  std::string bytes;
  if (!features.SerializeToString(&bytes)) return;
  field.mutable_options()->mutable_unknown_fields()->AddLengthDelimited(kFieldFeatures, bytes);
}

void translate(pb::FieldDescriptorProto& field, const Features& outer, bool of_map_entry) {
  const Features features = outer.with(field.options(), kFieldFeatures);
  const bool repeated = field.label() == pb::FieldDescriptorProto::LABEL_REPEATED;
  if (repeated && is_packable(field.type()) && !features.expanded) {
    field.mutable_options()->set_packed(true);
  }
  if (features.required && field.label() == pb::FieldDescriptorProto::LABEL_OPTIONAL &&
      !field.has_oneof_index() && !of_map_entry) {
    field.set_label(pb::FieldDescriptorProto::LABEL_REQUIRED);
  }
  if (features.implicit) mark_implicit(field);
  if (features.delimited && field.type() == pb::FieldDescriptorProto::TYPE_MESSAGE &&
      !of_map_entry) {
    field.set_type(pb::FieldDescriptorProto::TYPE_GROUP);
  }
}

void translate(pb::DescriptorProto& message, const Features& outer) {
  const Features features = outer.with(message.options(), kMessageFeatures);
  const bool is_entry = message.options().map_entry();
  std::map<std::string, bool, std::less<>> is_map;
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) {
    translate(nested, features);
    is_map[nested.name()] = nested.options().map_entry();
  }
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    // Maps and what is in them are never delimited.
    const auto type = is_map.find(last_part(field.type_name()));
    translate(field, features, is_entry || (type != is_map.end() && type->second));
  }
  for (pb::FieldDescriptorProto& field : *message.mutable_extension()) {
    translate(field, features, false);
  }
}

}  // namespace

void name_map_entries(pb::FileDescriptorProto& file) {
  for (pb::DescriptorProto& message : *file.mutable_message_type()) name_map_entries(message);
}

bool has_presence(const pb::FieldDescriptor& field) {
  if (!field.has_presence()) return false;
  if (field.file()->syntax() != pb::FileDescriptor::SYNTAX_PROTO2) return true;
  if (field.message_type() != nullptr || field.containing_oneof() != nullptr) return true;
  return !Features().with(field.options(), kFieldFeatures).implicit;
}

Status translate_edition(pb::FileDescriptorProto& file) {
  const std::string& syntax = file.syntax();
  if (syntax.empty() || syntax == "proto2" || syntax == "proto3") return {};
  const std::uint64_t edition = number_in(file.unknown_fields(), kEdition).value_or(0);
  if (syntax != "editions" || (edition != kEdition2023 && edition != kEdition2024)) {
    return unimplemented("it has syntax " + log_value(syntax) + ", edition " +
                         std::to_string(edition) +
                         "; known are proto2, proto3 and the editions 2023 (1000) and 2024 (1001): "
                         "give it in one of these with --proto");
  }
  const Features features = Features().with(file.options(), kFileFeatures);
  for (pb::DescriptorProto& message : *file.mutable_message_type()) translate(message, features);
  for (pb::FieldDescriptorProto& field : *file.mutable_extension()) {
    translate(field, features, false);
  }
  file.set_syntax("proto2");
  return {};
}

}  // namespace weft::cli
