#include "weft/codec/schema/message_table.h"

#include <algorithm>
#include <memory>
#include <new>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/json_text.h"
#include "weft/codec/schema/tables.h"

namespace weft::codec {
namespace {

namespace pb = google::protobuf;

// Up to this number fields are found in an array, and enum values in one that spans as many.
constexpr std::int64_t kLongestArray = 1024;

/// `"name":` and the padding of names. What a peer calls its fields need not be an identifier.
std::string quoted_name_of(std::string_view name) {
  return json_quoted(name) + ":" + std::string(kNamePadding, '\0');
}

std::string_view without_padding(std::string_view padded) {
  return padded.substr(0, padded.size() - kNamePadding);
}

/// Whether `text` is a name in a .proto file, as field names are. A json_name may be any text.
bool is_name(std::string_view text) noexcept {
  const auto is_part = [](char c) { return ascii::is_alphanumeric(c) || c == '_'; };
  return !text.empty() && !ascii::is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), is_part);
}

std::uint8_t put_tag(std::uint32_t number, WireType wire, char* out) {
  std::uint32_t tag = number << 3 | static_cast<std::uint32_t>(wire);
  std::uint8_t size = 0;
  for (; tag >= 0x80; tag >>= 7) out[size++] = static_cast<char>(tag | 0x80);
  out[size++] = static_cast<char>(tag);
  return size;
}

}  // namespace

WireType wire_type_of(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::Double:
    case FieldKind::Fixed64:
    case FieldKind::SFixed64:
      return WireType::Fixed64;
    case FieldKind::Float:
    case FieldKind::Fixed32:
    case FieldKind::SFixed32:
      return WireType::Fixed32;
    case FieldKind::String:
    case FieldKind::Bytes:
    case FieldKind::Message:
      return WireType::Bytes;
    case FieldKind::Group:
      return WireType::BeginGroup;
    default:
      return WireType::Varint;
  }
}

std::string_view type_name(FieldKind kind) noexcept {
  constexpr std::string_view kNames[] = {"",         "double",   "float",   "int64",  "uint64",
                                         "int32",    "fixed64",  "fixed32", "bool",   "string",
                                         "group",    "message",  "bytes",   "uint32", "enum",
                                         "sfixed32", "sfixed64", "sint32",  "sint64"};
  return kNames[static_cast<std::size_t>(kind)];
}

EnumTable::EnumTable(const pb::EnumDescriptor& type)
    : type_(&type),
      is_null_value_(type.full_name() == "google.protobuf.NullValue"),
      is_closed_(type.file()->syntax() != pb::FileDescriptor::SYNTAX_PROTO3) {
  std::int64_t last = INT32_MIN;
  first_ = INT32_MAX;
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    values_.push_back(
        {.number = value.number(), .name = value.name(), .quoted = json_quoted(value.name())});
    names_.try_emplace(value.name(), static_cast<std::uint32_t>(i));
    first_ = std::min(first_, std::int64_t{value.number()});
    last = std::max(last, std::int64_t{value.number()});
  }
  const bool dense = last >= first_ && last - first_ < kLongestArray;
  if (dense) dense_.resize(static_cast<std::size_t>(last - first_ + 1));
  for (std::uint32_t i = 0; i < values_.size(); ++i) {
    if (!dense) {
      sparse_.try_emplace(values_[i].number, i);
    } else if (auto& at = dense_[static_cast<std::size_t>(values_[i].number - first_)]; at == 0) {
      at = i + 1;
    }
  }
}

const EnumTable::Value* EnumTable::search(std::int32_t number) const noexcept {
  const auto found = sparse_.find(number);
  return found == sparse_.end() ? nullptr : &values_[found->second];
}

const EnumTable::Value* EnumTable::by_name(std::string_view name) const noexcept {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &values_[found->second];
}

FieldTable::FieldTable(const pb::FieldDescriptor& field, const Tables& tables)
    : descriptor(&field),
      number(static_cast<std::uint32_t>(field.number())),
      kind(static_cast<FieldKind>(field.type())),
      wire(wire_type_of(kind)),
      repeated(field.is_repeated()),
      packed(field.is_packed()),
      map(field.is_map()),
      has_presence(tables.has_presence(field)),
      extension(field.is_extension()),
      plain_json_name(is_name(field.json_name())),
      message_set_item(extension && kind == FieldKind::Message && !repeated &&
                       field.containing_type()->options().message_set_wire_format()),
      name(extension ? field.full_name() : field.name()),
      json_name(field.json_name()),
      tables_(tables) {
  if (extension) {
    bracketed_ = "[" + field.full_name() + "]";
    json_name = bracketed_;
  } else {
    index = static_cast<std::uint32_t>(field.index());
  }
  padded_json_name_ = quoted_name_of(json_name);
  quoted_json_name = without_padding(padded_json_name_);
  const std::size_t head = std::min(quoted_json_name.size(), sizeof head_);
  std::memcpy(&head_, quoted_json_name.data(), head);
  std::memset(&head_mask_, 0xff, head);
  if (quoted_json_name.size() > sizeof tail_) {
    std::memcpy(&tail_, quoted_json_name.end() - sizeof tail_, sizeof tail_);
  }
  if (!extension) padded_name_ = quoted_name_of(name);
  quoted_name = extension ? quoted_json_name : without_padding(padded_name_);
  tag_size = put_tag(number, packed ? WireType::Bytes : wire, tag);
  put_tag(number, WireType::EndGroup, end_tag);
  if (const pb::OneofDescriptor* in = field.real_containing_oneof()) oneof = in->index();
  if (field.enum_type() != nullptr) enums = &tables.of(*field.enum_type());
  const bool is_scalar = kind != FieldKind::Message && kind != FieldKind::Group &&
                         kind != FieldKind::Bytes && !repeated && !extension;
  simple = is_scalar && plain_json_name &&
           (enums == nullptr || (!enums->is_closed() && !enums->is_null_value()));
}

const MessageTable& FieldTable::compile_message() const {
  const MessageTable& table = tables_.of(*descriptor->message_type());
  message_.store(&table, std::memory_order_release);
  return table;
}

MessageTable::MessageTable(const pb::Descriptor& type, const Tables& tables)
    : type_(&type),
      tables_(tables),
      oneofs_(type.real_oneof_decl_count()),
      well_known_(well_known_of(type)),
      has_extensions_(type.extension_range_count() > 0),
      message_set_(type.options().message_set_wire_format()) {
  const auto count = static_cast<std::uint32_t>(type.field_count());
  std::allocator<FieldTable> memory;
  fields_ = memory.allocate(count);
  std::uint32_t largest = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const FieldTable& field =
        *new (&fields_[i]) FieldTable(*type.field(static_cast<int>(i)), tables);
    ++size_;
    if (field.enums != nullptr && field.enums->is_closed()) has_open_enums_ = false;
    in_order_ = in_order_ && field.number > largest;
    largest = std::max(largest, field.number);
    names_.try_emplace(field.json_name, i);
  }
  dense_.resize(std::min<std::size_t>(largest + 1, kLongestArray));
  for (std::uint32_t i = 0; i < count; ++i) {
    names_.try_emplace(fields_[i].name, i);
    if (fields_[i].number < dense_.size()) {
      dense_[fields_[i].number] = i + 1;
    } else {
      sparse_.emplace(fields_[i].number, i);
    }
  }
}

MessageTable::~MessageTable() {
  delete lower_names_.load(std::memory_order_relaxed);
  std::destroy_n(fields_, size_);
  std::allocator<FieldTable>().deallocate(fields_, size_);
}

const FieldTable* MessageTable::search(std::uint32_t number) const noexcept {
  const auto found = sparse_.find(number);
  return found == sparse_.end() ? nullptr : &fields_[found->second];
}

const FieldTable* MessageTable::by_name(std::string_view name) const noexcept {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &fields_[found->second];
}

const MessageTable::LowerNames& MessageTable::index_lower_names() const {
  auto made = std::make_unique<LowerNames>();
  for (std::uint32_t i = 0; i < size_; ++i) {
    for (const std::string_view name : {fields_[i].json_name, fields_[i].name}) {
      made->places.try_emplace(ascii::lower(std::string(name)), i);
      made->longest = std::max(made->longest, name.size());
    }
  }
  const LowerNames* found = nullptr;
  const bool first =
      lower_names_.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel);
  return first ? *made.release() : *found;
}

const FieldTable* MessageTable::by_name_in_any_case(std::string_view name) const {
  const LowerNames* known = lower_names_.load(std::memory_order_acquire);
  if (known == nullptr) known = &index_lower_names();
  // A peer may name a long field once and have it looked up for each of many values.
  if (name.size() > known->longest) return nullptr;
  const auto found = known->places.find(ascii::lower(std::string(name)));
  return found == known->places.end() ? nullptr : &fields_[found->second];
}

}  // namespace weft::codec
