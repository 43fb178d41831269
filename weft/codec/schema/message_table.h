#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/codec/schema/well_known.h"

namespace google::protobuf {
class Descriptor;
class EnumDescriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace weft::codec {

class MessageTable;
class Tables;

/// How a value is encoded in protobuf (docs: "Encoding", wire types).
enum class WireType : std::uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  BeginGroup = 3,
  EndGroup = 4,
  Fixed32 = 5,
};

/// The type of a field as the .proto file declares it. The numbers are those of
/// FieldDescriptor::Type.
enum class FieldKind : std::uint8_t {
  Double = 1,
  Float = 2,
  Int64 = 3,
  UInt64 = 4,
  Int32 = 5,
  Fixed64 = 6,
  Fixed32 = 7,
  Bool = 8,
  String = 9,
  Group = 10,
  Message = 11,
  Bytes = 12,
  UInt32 = 13,
  Enum = 14,
  SFixed32 = 15,
  SFixed64 = 16,
  SInt32 = 17,
  SInt64 = 18,
};

WireType wire_type_of(FieldKind kind) noexcept;
/// As a .proto file has it: "sint32", "message".
std::string_view type_name(FieldKind kind) noexcept;
/// Whether a repeated field of this kind can be packed.
constexpr bool is_packable(FieldKind kind) noexcept {
  return kind != FieldKind::String && kind != FieldKind::Bytes && kind != FieldKind::Message &&
         kind != FieldKind::Group;
}

/// For names, most of which are short; a third of what std::hash costs.
struct NameHash {
  std::size_t operator()(std::string_view name) const noexcept {
    const std::size_t size = name.size();
    if (size < 4 || size > 16) return std::hash<std::string_view>()(name);
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    if (size < 8) {
      std::memcpy(&head, name.data(), 4);
      std::memcpy(&tail, name.data() + size - 4, 4);
    } else {
      std::memcpy(&head, name.data(), 8);
      std::memcpy(&tail, name.data() + size - 8, 8);
    }
    const std::uint64_t mixed = (head + size) * 0x9e3779b97f4a7c15U ^ tail;
    return static_cast<std::size_t>(mixed * 0xff51afd7ed558ccdU >> 16);
  }
};
/// From a name to a place in a list.
using NameIndex = std::unordered_map<std::string_view, std::uint32_t, NameHash>;

/// The names of an enum. An alias is read; the name declared first is written.
class EnumTable {
 public:
  explicit EnumTable(const google::protobuf::EnumDescriptor& type);

  struct Value {
    std::int32_t number = 0;
    std::string_view name;
    std::string quoted;  ///< as a JSON string
  };

  /// Null for a number without a name.
  const Value* by_number(std::int32_t number) const noexcept {
    const std::int64_t at = std::int64_t{number} - first_;
    if (at >= 0 && at < static_cast<std::int64_t>(dense_.size())) {
      const std::uint32_t index = dense_[static_cast<std::size_t>(at)];
      return index == 0 ? nullptr : &values_[index - 1];
    }
    return search(number);
  }
  /// Null for an unknown name.
  const Value* by_name(std::string_view name) const noexcept;
  /// The value whose `quoted` begins `text`, of which `size` bytes may be read. Null for none, and
  /// in an enum of so many names that by_name() is faster.
  const Value* begins(const char* text, std::size_t size) const noexcept {
    if (values_.size() > kFewNames) return nullptr;
    for (const Value& value : values_) {
      const std::string& quoted = value.quoted;
      if (quoted.size() <= size && quoted[1] == text[1] &&
          std::memcmp(quoted.data(), text, quoted.size()) == 0) {
        return &value;
      }
    }
    return nullptr;
  }

  const google::protobuf::EnumDescriptor& type() const noexcept { return *type_; }
  /// google.protobuf.NullValue, whose JSON is null.
  bool is_null_value() const noexcept { return is_null_value_; }
  /// Of proto2: a number without a name is no value of the enum, but an unknown field.
  bool is_closed() const noexcept { return is_closed_; }
  /// The value of an unset field of this type without a declared default.
  std::int32_t first() const noexcept { return values_.empty() ? 0 : values_.front().number; }

 private:
  // A hash costs as much as a look at each of these.
  static constexpr std::size_t kFewNames = 8;

  const Value* search(std::int32_t number) const noexcept;

  const google::protobuf::EnumDescriptor* type_;
  std::vector<Value> values_;
  std::int64_t first_ = 0;            // the number of dense_[0]
  std::vector<std::uint32_t> dense_;  // index + 1 in values_, or 0
  NameIndex names_;
  std::unordered_map<std::int32_t, std::uint32_t> sparse_;
  bool is_null_value_ = false;
  bool is_closed_ = false;
};

/// Bytes behind a quoted name: a short one is copied as so many, without asking how long it is.
inline constexpr std::size_t kNamePadding = 16;

/// A field or an extension.
struct FieldTable {
  FieldTable(const google::protobuf::FieldDescriptor& descriptor, const Tables& tables);
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;

  const google::protobuf::FieldDescriptor* descriptor;
  std::uint32_t number;
  FieldKind kind;
  WireType wire;  ///< of one element
  bool repeated;  ///< of a map too
  bool packed;    ///< written packed; both forms are read
  bool map;
  bool has_presence;  ///< false: a default value is not sent
  bool extension;
  bool plain_json_name;   ///< json_name is letters, digits and '_', and begins as a name
  bool message_set_item;  ///< an extension that lies in a group of a MessageSet
  bool simple = false;    ///< one number, boolean, string or value of an open enum, plainly named
  std::uint8_t tag_size = 0;          ///< of `tag`, and of `end_tag`
  char tag[5] = {};                   ///< as it is written: that of the packed form where packed
  char end_tag[5] = {};               ///< of a group
  std::int32_t oneof = -1;            ///< index of the declared oneof; -1: in none
  std::uint32_t index = 0;            ///< in MessageTable::fields(); 0 for an extension
  std::string_view name;              ///< as declared; of an extension the full name
  std::string_view json_name;         ///< of an extension "[pkg.name]"
  std::string_view quoted_json_name;  ///< `"jsonName":`; kNamePadding bytes behind it may be read
  std::string_view quoted_name;       ///< `"name":`, likewise
  const EnumTable* enums = nullptr;   ///< of an enum

  /// Whether `text`, of which `size` bytes may be read, begins with quoted_json_name.
  bool begins(const char* text, std::size_t size) const noexcept {
    if (size <= quoted_json_name.size() || size < sizeof head_) return false;
    std::uint64_t word = 0;
    std::memcpy(&word, text, sizeof word);
    if ((word & head_mask_) != head_) return false;
    const std::size_t length = quoted_json_name.size();
    if (length <= sizeof word) return true;
    // The last eight bytes, some of which may have been looked at; what is between them then.
    std::memcpy(&word, text + length - sizeof word, sizeof word);
    return word == tail_ && (length <= 2 * sizeof word ||
                             std::memcmp(text + sizeof word, quoted_json_name.data() + sizeof word,
                                         length - 2 * sizeof word) == 0);
  }

  /// The type of a message, group or map entry; compiled when it is asked for first.
  const MessageTable& message() const {
    const MessageTable* found = message_.load(std::memory_order_acquire);
    return found != nullptr ? *found : compile_message();
  }

 private:
  const MessageTable& compile_message() const;

  std::uint64_t head_ = 0;  // the first eight bytes of quoted_json_name
  std::uint64_t head_mask_ = 0;
  std::uint64_t tail_ = 0;  // the last eight, of names that have more
  std::string bracketed_;
  std::string padded_json_name_;
  std::string padded_name_;
  const Tables& tables_;
  mutable std::atomic<const MessageTable*> message_ = nullptr;
};

/// What a format needs to know of a message type, compiled once. Immutable, so any thread may use
/// it; Tables owns it.
class MessageTable {
 public:
  MessageTable(const google::protobuf::Descriptor& type, const Tables& tables);
  MessageTable(const MessageTable&) = delete;
  MessageTable& operator=(const MessageTable&) = delete;
  ~MessageTable();

  const google::protobuf::Descriptor& type() const noexcept { return *type_; }
  WellKnown well_known() const noexcept { return well_known_; }
  const Tables& tables() const noexcept { return tables_; }

  /// In the order of their declaration.
  std::uint32_t size() const noexcept { return size_; }
  const FieldTable& field(std::uint32_t index) const noexcept { return fields_[index]; }

  /// Null for a number of no field; extensions are found by Tables::extension().
  const FieldTable* by_number(std::uint32_t number) const noexcept {
    if (number < dense_.size()) [[likely]] {
      const std::uint32_t index = dense_[number];
      return index == 0 ? nullptr : &fields_[index - 1];
    }
    return search(number);
  }
  /// By JSON name or declared name; null for none.
  const FieldTable* by_name(std::string_view name) const noexcept;
  /// The same without regard to the case of ASCII letters; of names that differ in nothing else,
  /// the field that is declared first. The names are indexed when it is first asked.
  const FieldTable* by_name_in_any_case(std::string_view name) const;

  /// Numbers grow from field to field, so what protobuf writes is in the order of declaration.
  bool in_order() const noexcept { return in_order_; }
  /// No enum of its fields is closed. (A closed enum's unknown number is kept with the unknown
  /// fields and is written last, under the number of a field that is known.)
  bool has_open_enums() const noexcept { return has_open_enums_; }
  std::int32_t oneofs() const noexcept { return oneofs_; }
  bool has_extensions() const noexcept { return has_extensions_; }
  /// Encoded as google.protobuf.bridge.MessageSet: extensions in groups of number 1.
  bool message_set() const noexcept { return message_set_; }

 private:
  /// Names in lower case, and places of their fields.
  struct LowerNames {
    std::unordered_map<std::string, std::uint32_t> places;
    std::size_t longest = 0;  // bytes of a name
  };

  const FieldTable* search(std::uint32_t number) const noexcept;
  const LowerNames& index_lower_names() const;

  const google::protobuf::Descriptor* type_;
  const Tables& tables_;
  FieldTable* fields_ = nullptr;  // FieldTable does not move
  std::uint32_t size_ = 0;
  std::vector<std::uint32_t> dense_;  // by number: index + 1, or 0
  std::unordered_map<std::uint32_t, std::uint32_t> sparse_;
  NameIndex names_;
  mutable std::atomic<const LowerNames*> lower_names_ = nullptr;
  std::int32_t oneofs_ = 0;
  WellKnown well_known_;
  bool in_order_ = true;
  bool has_open_enums_ = true;
  bool has_extensions_ = false;
  bool message_set_ = false;
};

/// Whether a value of this wire type belongs to `field`; another is unknown to protobuf.
constexpr bool fits(const FieldTable& field, WireType wire) noexcept {
  return wire == field.wire ||
         (wire == WireType::Bytes && field.repeated && is_packable(field.kind));
}

}  // namespace weft::codec
