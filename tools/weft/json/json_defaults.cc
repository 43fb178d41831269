#include "tools/weft/json/json_defaults.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/weft/schema/foreign_descriptors.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

/// Whether a name stands in JSON as it is. What a server calls its fields need not.
bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Timestamp, Struct and their like, whose JSON does not name their fields.
bool has_json_of_its_own(const pb::Descriptor& type) {
  return type.well_known_type() != pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
}

/// What is to be known of a type for each message of it.
struct Shape {
  explicit Shape(const pb::Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (!by_name.try_emplace(field.json_name(), &field).second) continue;
      if (has_shown_default(field)) with_default.push_back(&field);
    }
  }
  std::unordered_map<std::string_view, const pb::FieldDescriptor*> by_name;
  std::vector<const pb::FieldDescriptor*> with_default;
};

/// Walks over the JSON once and writes it again. It never looks further than the JSON goes: what
/// does not look as the type says is copied as it is.
class Writer {
 public:
  explicit Writer(std::string_view json) : json_(json) {}

  std::string write(const pb::Descriptor& type) {
    message(type);
    copy(json_.size());
    return std::move(out_);
  }

 private:
  /// A field of the message that is being written.
  struct Member {
    int index;                         // of the field in its type; -1: unknown
    const pb::FieldDescriptor* unset;  // of a default; null where the JSON has the field
    std::size_t begin;                 // in out_, of what the JSON has
    std::size_t end;
  };

  char at() const noexcept { return at_ < json_.size() ? json_[at_] : '\0'; }
  void copy(std::size_t end) {
    end = std::min(end, json_.size());
    out_ += json_.substr(at_, end - at_);
    at_ = end;
  }
  bool eat(char c) {
    if (at() != c) return false;
    ++at_;
    return true;
  }
  std::size_t string_end() const {
    std::size_t end = at_ + 1;
    while (end < json_.size() && json_[end] != '"') end += json_[end] == '\\' ? 2 : 1;
    return end + 1;
  }
  /// Copies a value of whatever kind.
  void copy_value() {
    std::size_t depth = 0;
    do {
      const char c = at();
      if (c == '"') {
        copy(string_end());
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      copy(at_ + 1);
    } while (at_ < json_.size() && (depth > 0 || !ends_value(at())));
  }
  static bool ends_value(char c) { return c == ',' || c == '}' || c == ']'; }

  void value(const pb::FieldDescriptor* field) {
    if (field == nullptr || field->message_type() == nullptr) return copy_value();
    if (field->is_map()) return entries(*field->message_type()->map_value());
    if (!field->is_repeated()) return message(*field->message_type());
    if (at() != '[') return copy_value();
    copy(at_ + 1);
    while (at_ < json_.size() && at() != ']') {
      if (at() == ',') copy(at_ + 1);
      message(*field->message_type());
    }
    copy(at_ + 1);
  }

  void entries(const pb::FieldDescriptor& held) {
    if (at() != '{') return copy_value();
    copy(at_ + 1);
    while (at_ < json_.size() && at() != '}') {
      if (at() == ',') copy(at_ + 1);
      copy(string_end());
      copy(at_ + 1);
      value(&held);
    }
    copy(at_ + 1);
  }

  void message(const pb::Descriptor& type) {
    if (type.well_known_type() == pb::Descriptor::WELLKNOWNTYPE_ANY) return any(type);
    if (at() != '{' || has_json_of_its_own(type)) return copy_value();
    ++at_;
    out_ += '{';
    members(type, false);
  }

  /// {"@type":"type.googleapis.com/pkg.Name",...}; where the type has JSON of its own, that is the
  /// field "value".
  void any(const pb::Descriptor& type) {
    constexpr std::string_view kHead = R"({"@type":")";
    const std::string_view rest = json_.substr(std::min(at_, json_.size()));
    if (!rest.starts_with(kHead)) return copy_value();
    std::string_view url = rest.substr(kHead.size());
    url = url.substr(0, url.find('"'));
    if (!url.starts_with(kTypeUrlPrefix)) return copy_value();
    const std::string name(url.substr(kTypeUrlPrefix.size()));
    const pb::Descriptor* held = type.file()->pool()->FindMessageTypeByName(name);
    if (held == nullptr) return copy_value();
    constexpr std::string_view kValue = R"("value":)";
    const std::size_t head = at_ + kHead.size() + url.size() + 1;
    if (!has_json_of_its_own(*held)) {
      copy(head);
      members(*held, true);
    } else if (json_.substr(head).starts_with("," + std::string(kValue))) {
      copy(head + 1 + kValue.size());
      message(*held);
      copy(at_ + 1);
    } else {
      copy_value();
    }
  }

  /// The members up to the bracket that closes the object, and those that are missing.
  void members(const pb::Descriptor& type, bool follows_another) {
    const Shape& shape = shapes_.try_emplace(&type, type).first->second;
    const std::size_t start = out_.size();
    std::vector<Member> found;
    while (at_ < json_.size() && !eat('}')) {
      eat(',');
      if (at() != '"') break;
      const std::size_t begin = out_.size();
      const std::string_view quoted = json_.substr(at_, string_end() - at_);
      copy(string_end());
      copy(at_ + 1);
      const auto known = shape.by_name.find(quoted.substr(1, quoted.size() - 2));
      const pb::FieldDescriptor* field = known == shape.by_name.end() ? nullptr : known->second;
      value(field);
      found.push_back({field == nullptr ? -1 : field->index(), nullptr, begin, out_.size()});
    }
    for (const pb::FieldDescriptor* field : shape.with_default) {
      found.push_back({field->index(), field, 0, 0});
    }
    // Defaults were put in last, so that each stands behind what the JSON has of its field.
    std::stable_sort(found.begin(), found.end(),
                     [](const Member& a, const Member& b) { return a.index < b.index; });
    const std::string written = out_.substr(start);
    out_.resize(start);
    put(found, written, start, follows_another);
    out_ += '}';
  }

  void put(const std::vector<Member>& members, std::string_view written, std::size_t start,
           bool follows_another) {
    int before = -1;
    for (const Member& member : members) {
      if (member.unset != nullptr && member.index == before) continue;
      before = member.index;
      if (follows_another) out_ += ',';
      follows_another = true;
      if (member.unset == nullptr) {
        out_ += written.substr(member.begin - start, member.end - member.begin);
      } else {
        out_ += '"' + member.unset->json_name() + "\":" + default_as_json(*member.unset);
      }
    }
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::string out_;
  std::unordered_map<const pb::Descriptor*, Shape> shapes_;
};

}  // namespace

bool has_shown_default(const pb::FieldDescriptor& field) {
  return !has_presence(field) && is_plain(field.json_name());
}

std::string default_as_json(const pb::FieldDescriptor& field) {
  if (field.is_map()) return "{}";
  if (field.is_repeated()) return "[]";
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return "false";
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return "\"\"";
    case pb::FieldDescriptor::CPPTYPE_INT64:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return "\"0\"";
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      if (field.enum_type()->full_name() == "google.protobuf.NullValue") return "null";
      return '"' + field.default_value_enum()->name() + '"';
    default:
      return "0";
  }
}

std::string add_defaults(std::string_view json, const pb::Descriptor& type) {
  return Writer(json).write(type);
}

}  // namespace weft::cli
