#include "tools/weft/schema/message_survey.h"

#include <string>
#include <unordered_map>

#include "weft/base/printable.h"
#include "weft/base/utf8.h"

#include "tools/weft/json/json_defaults.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

// Of a character of a string: \uXXXX.
constexpr std::uint64_t kMostPerCharacter = 6;
// Of a number of any type, with the comma behind it: -2.2250738585072014e-308.
constexpr std::uint64_t kMostPerNumber = 26;
// Quotes, colon and comma of a member.
constexpr std::uint64_t kPunctuation = 4;

enum class WireType : std::uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  BeginGroup = 3,
  EndGroup = 4,
  Fixed32 = 5
};

/// Reads the parts of a message in protobuf's encoding; each false where the bytes end before.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const noexcept { return bytes_.empty(); }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool take(std::uint64_t size, std::string_view& taken) {
    if (size > bytes_.size()) return false;
    taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool sized(std::string_view& taken) {
    std::uint64_t size = 0;
    return varint(size) && take(size, taken);
  }
  bool tag(int& number, WireType& type) {
    std::uint64_t value = 0;
    if (!varint(value) || value > UINT32_MAX) return false;
    number = static_cast<int>(value >> 3);
    type = static_cast<WireType>(value & 7);
    return number != 0 && (value & 7) <= 5;
  }

 private:
  std::string_view bytes_;
};

bool is_packable(pb::FieldDescriptor::Type type) {
  return type != pb::FieldDescriptor::TYPE_STRING && type != pb::FieldDescriptor::TYPE_BYTES &&
         type != pb::FieldDescriptor::TYPE_MESSAGE && type != pb::FieldDescriptor::TYPE_GROUP;
}

WireType wire_type_of(pb::FieldDescriptor::Type type) {
  switch (type) {
    case pb::FieldDescriptor::TYPE_DOUBLE:
    case pb::FieldDescriptor::TYPE_FIXED64:
    case pb::FieldDescriptor::TYPE_SFIXED64:
      return WireType::Fixed64;
    case pb::FieldDescriptor::TYPE_FLOAT:
    case pb::FieldDescriptor::TYPE_FIXED32:
    case pb::FieldDescriptor::TYPE_SFIXED32:
      return WireType::Fixed32;
    case pb::FieldDescriptor::TYPE_STRING:
    case pb::FieldDescriptor::TYPE_BYTES:
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return WireType::Bytes;
    case pb::FieldDescriptor::TYPE_GROUP:
      return WireType::BeginGroup;
    default:
      return WireType::Varint;
  }
}

class Surveyor {
 public:
  explicit Surveyor(Defaults defaults) : defaults_(defaults) {}

  /// `type` is null for a message that nobody knows: a group.
  bool message(const pb::Descriptor* type, std::string_view bytes, int depth) {
    if (!enter(type, depth)) return false;
    if (type != nullptr && type->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_ANY) {
      return any(*type, bytes, depth);
    }
    WireReader reader(bytes);
    return fields(type, reader, depth, 0);
  }

  const MessageSurvey& found() const noexcept { return found_; }
  bool too_deep() const noexcept { return too_deep_; }
  const pb::FieldDescriptor* not_utf8() const noexcept { return not_utf8_; }

 private:
  bool enter(const pb::Descriptor* type, int depth) {
    too_deep_ = depth > kMaxMessageDepth;
    ++found_.messages;
    // The brackets.
    found_.json_bytes += 2;
    if (type != nullptr && defaults_ == Defaults::Show) {
      found_.json_bytes += size_of_defaults(*type);
    }
    return !too_deep_;
  }

  /// The fields up to the end of the bytes, or of the group of this number.
  bool fields(const pb::Descriptor* type, WireReader& reader, int depth, int group) {
    while (!reader.at_end()) {
      int number = 0;
      WireType wire{};
      if (!reader.tag(number, wire)) return false;
      if (wire == WireType::EndGroup) return number == group;
      const pb::FieldDescriptor* field =
          type == nullptr ? nullptr : type->FindFieldByNumber(number);
      if (!value(field, wire, number, reader, depth)) return false;
    }
    return group == 0;
  }

  bool value(const pb::FieldDescriptor* field, WireType wire, int number, WireReader& reader,
             int depth) {
    std::string_view bytes;
    std::uint64_t varint = 0;
    switch (wire) {
      case WireType::Varint:
        if (!reader.varint(varint)) return false;
        break;
      case WireType::Fixed64:
        if (!reader.take(8, bytes)) return false;
        break;
      case WireType::Fixed32:
        if (!reader.take(4, bytes)) return false;
        break;
      case WireType::Bytes:
        if (!reader.sized(bytes)) return false;
        break;
      default:
        break;
    }
    const bool packed = field != nullptr && field->is_repeated() && wire == WireType::Bytes &&
                        is_packable(field->type());
    // One with another encoding is unknown to protobuf, too.
    if (field != nullptr && !packed && wire != wire_type_of(field->type())) field = nullptr;
    if (field != nullptr) count_name(*field);
    if (packed) return elements(*field, bytes);
    if (wire == WireType::BeginGroup) {
      const pb::Descriptor* type = field == nullptr ? nullptr : field->message_type();
      return enter(type, depth + 1) && fields(type, reader, depth + 1, number);
    }
    return field == nullptr || single(*field, varint, bytes, depth);
  }

  bool single(const pb::FieldDescriptor& field, std::uint64_t number, std::string_view bytes,
              int depth) {
    ++found_.values;
    switch (field.type()) {
      case pb::FieldDescriptor::TYPE_MESSAGE:
        return message(field.message_type(), bytes, depth + 1);
      case pb::FieldDescriptor::TYPE_STRING:
        found_.json_bytes += kMostPerCharacter * bytes.size();
        if (field.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3 && !is_utf8(bytes)) {
          not_utf8_ = &field;
          return false;
        }
        return true;
      case pb::FieldDescriptor::TYPE_BYTES:
        found_.json_bytes += bytes.size() / 3 * 4 + kPunctuation;
        return true;
      case pb::FieldDescriptor::TYPE_ENUM:
        count_enum(field, number);
        return true;
      default:
        found_.json_bytes += kMostPerNumber;
        return true;
    }
  }

  /// A packed field.
  bool elements(const pb::FieldDescriptor& field, std::string_view bytes) {
    const WireType wire = wire_type_of(field.type());
    if (wire != WireType::Varint) {
      const std::size_t size = wire == WireType::Fixed64 ? 8 : 4;
      found_.values += bytes.size() / size;
      found_.json_bytes += bytes.size() / size * kMostPerNumber;
      return bytes.size() % size == 0;
    }
    for (WireReader reader(bytes); !reader.at_end();) {
      std::uint64_t number = 0;
      if (!reader.varint(number)) return false;
      ++found_.values;
      if (field.type() == pb::FieldDescriptor::TYPE_ENUM) {
        count_enum(field, number);
      } else {
        found_.json_bytes += kMostPerNumber;
      }
    }
    return true;
  }

  /// The last of each field counts, as in protobuf.
  bool any(const pb::Descriptor& type, std::string_view bytes, int depth) {
    std::string_view url;
    std::string_view held;
    for (WireReader reader(bytes); !reader.at_end();) {
      int number = 0;
      WireType wire{};
      if (!reader.tag(number, wire)) return false;
      if (wire == WireType::Bytes && (number == 1 || number == 2)) {
        if (!reader.sized(number == 1 ? url : held)) return false;
      } else if (wire == WireType::EndGroup || !value(nullptr, wire, number, reader, depth)) {
        return false;
      }
    }
    found_.json_bytes += kMostPerCharacter * url.size() + 2 * kMostPerNumber;
    if (!url.starts_with(kTypeUrlPrefix)) return true;
    const std::string name(url.substr(kTypeUrlPrefix.size()));
    const pb::Descriptor* held_type = type.file()->pool()->FindMessageTypeByName(name);
    // protobuf's JSON functions say that they do not know it.
    return held_type == nullptr || message(held_type, held, depth + 1);
  }

  void count_name(const pb::FieldDescriptor& field) {
    found_.json_bytes += kMostPerCharacter * field.json_name().size() + kPunctuation;
  }
  void count_enum(const pb::FieldDescriptor& field, std::uint64_t number) {
    const pb::EnumValueDescriptor* name =
        field.enum_type()->FindValueByNumber(static_cast<int>(number));
    found_.json_bytes += name == nullptr ? kMostPerNumber : name->name().size() + kPunctuation;
  }

  std::uint64_t size_of_defaults(const pb::Descriptor& type) {
    const auto [at, is_new] = defaults_of_.try_emplace(&type, 0);
    if (!is_new) return at->second;
    std::uint64_t size = 0;
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (!has_shown_default(field)) continue;
      size += field.json_name().size() + kPunctuation + default_as_json(field).size();
    }
    return at->second = size;
  }

  Defaults defaults_;
  MessageSurvey found_;
  std::unordered_map<const pb::Descriptor*, std::uint64_t> defaults_of_;
  const pb::FieldDescriptor* not_utf8_ = nullptr;
  bool too_deep_ = false;
};

}  // namespace

Result<MessageSurvey> survey_message(const pb::Descriptor& type, std::string_view bytes,
                                     Defaults defaults) {
  Surveyor surveyor(defaults);
  if (surveyor.message(&type, bytes, 1)) return surveyor.found();
  const std::string what = "the response of " + std::to_string(bytes.size()) + " bytes";
  if (surveyor.too_deep()) {
    return resource_exhausted(what + " has messages nested deeper than " +
                              std::to_string(kMaxMessageDepth) + " levels, the limit");
  }
  if (surveyor.not_utf8() != nullptr) {
    return internal_error(what + " is not a message of type " + type.full_name() + ": the string " +
                          surveyor.not_utf8()->full_name() + " is not UTF-8");
  }
  return internal_error(what + " is not a message of type " + type.full_name());
}

}  // namespace weft::cli
