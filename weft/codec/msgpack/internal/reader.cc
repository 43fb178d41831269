#include "weft/codec/msgpack/internal/reader.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/message_set.h"

namespace weft::codec::msgpack {
namespace {

// What protobuf can hold in a message.
constexpr std::size_t kLargestMessage = 0x7fffffff;
constexpr std::size_t kLongestShown = 256;

/// Whether nil is a value of the field and not the lack of one.
bool takes_nil(const FieldTable& field) noexcept {
  if (field.kind == FieldKind::Enum) return field.enums->is_null_value();
  return field.kind == FieldKind::Message && field.message().well_known() == WellKnown::Value;
}

}  // namespace

bool Reader::read(const MessageTable& table) {
  const FieldPath root;
  const std::size_t begin = out_.size();
  if (!message(table, root)) return false;
  if (at_ != end_) {
    return fail(at_, root, std::to_string(left()) + " bytes follow the message");
  }
  if (out_.size() - begin <= kLargestMessage) return true;
  return fail(begin_, root,
              "the message has more than 2147483647 bytes, which protobuf cannot hold");
}

bool Reader::fail(const char* at, const FieldPath& path, const std::string& text) {
  const std::string where = path.text();
  fault_ = "byte " + std::to_string(at - begin_) + ": ";
  if (!where.empty()) fault_ += "field " + where + ": ";
  fault_ += text;
  return false;
}

bool Reader::message(const MessageTable& table, const FieldPath& path) {
  if (table.well_known() == WellKnown::None) [[likely]]
    return map(table, path);
  return special(table, path);
}

bool Reader::map(const MessageTable& table, const FieldPath& path) {
  std::uint64_t count = 0;
  if (!is_map(next())) return expected("a map for " + table.type().full_name(), path);
  if (!enter_map(count, "a map", path) || !members(table, count, path, false)) return false;
  leave();
  return true;
}

bool Reader::members(const MessageTable& table, std::uint64_t count, const FieldPath& path,
                     bool in_any) {
  SeenFields seen(seen_, table);
  FieldPath here(&path, {});
  std::uint32_t expected_field = 0;
  while (count != 0) {
    count -= plain_members(table, count, seen, expected_field);
    if (count == 0) break;
    if (!member(table, seen, expected_field, here, in_any)) return false;
    --count;
  }
  return true;
}

bool Reader::member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected_field,
                    FieldPath& path, bool in_any) {
  const char* const at = at_;
  if (const FieldTable* const field = next_field(table, expected_field, at_, end_)) {
    at_ += 1 + field->json_name.size();
    expected_field = field->index + 1;
    return known(*field, seen, at, path);
  }
  path.set_name({});
  if (is_integer(next())) return numbered_member(table, seen, path);
  return named_member(table, seen, expected_field, path, in_any);
}

bool Reader::named_member(const MessageTable& table, SeenFields& seen,
                          std::uint32_t& expected_field, FieldPath& path, bool in_any) {
  const char* const at = at_;
  std::string_view name;
  if (!take_text(name, "the name or number of a field", path)) return false;
  if (const FieldTable* field = table.by_name(name)) [[likely]] {
    expected_field = field->index + 1;
    return known(*field, seen, at, path);
  }
  if (in_any && name == "@type") return skip(path);
  if (name.starts_with('[') && name.ends_with(']') && table.has_extensions()) {
    const auto* extension = table.tables().extension(table, name.substr(1, name.size() - 2));
    if (extension != nullptr) return known(*extension, seen, at, path);
  }
  return unknown(table, "field '" + printable(name.substr(0, kLongestShown)) + "'", at, path);
}

bool Reader::numbered_member(const MessageTable& table, SeenFields& seen, FieldPath& path) {
  const char* const at = at_;
  Integer number;
  if (!take_integer(number, "the name or number of a field", path)) return false;
  if (!number.negative && number.bits <= UINT32_MAX) {
    const auto wanted = static_cast<std::uint32_t>(number.bits);
    const FieldTable* field = table.by_number(wanted);
    if (field == nullptr) field = table.tables().extension(table, wanted);
    if (field != nullptr) return known(*field, seen, at, path);
  }
  const std::string shown = number.negative ? std::to_string(static_cast<std::int64_t>(number.bits))
                                            : std::to_string(number.bits);
  return unknown(table, "field of number " + shown, at, path);
}

bool Reader::unknown(const MessageTable& table, const std::string& what, const char* at,
                     const FieldPath& path) {
  if (options_.ignore_unknown) return skip(path);
  return fail(at, path, "there is no " + what + " in " + table.type().full_name());
}

bool Reader::known(const FieldTable& field, SeenFields& seen, const char* at, FieldPath& path) {
  path.set_name(field.json_name);
  if (!seen.add_field(field)) return fail(at, path, "the field is given twice");
  if (field.oneof >= 0 && (next() != kNil || takes_nil(field)) && !seen.add_oneof(field)) {
    return fail(at, path,
                "another field of the oneof '" + field.descriptor->containing_oneof()->name() +
                    "' is given, too");
  }
  return this->field(field, path);
}

bool Reader::field(const FieldTable& field, FieldPath& path) {
  if (next() == kNil && (field.repeated || !takes_nil(field))) {
    ++at_;
    return true;
  }
  if (!field.repeated) [[likely]]
    return single(field, path);
  return field.map ? entries(field, path) : list(field, path);
}

bool Reader::single(const FieldTable& field, const FieldPath& path) {
  const std::size_t before = out_.size();
  out_.put_tag(field);
  if (field.kind == FieldKind::Message) {
    if (field.message_set_item) {
      out_.truncate(before);
      return message_set_item(field, path);
    }
    const std::size_t begin = out_.begin_sized();
    if (!message(field.message(), path)) return false;
    out_.end_sized(begin);
    return true;
  }
  if (field.kind == FieldKind::Group) {
    if (!message(field.message(), path)) return false;
    out_.put({field.end_tag, field.tag_size});
    return true;
  }
  if (!value(field, path)) return false;
  if (dropped_) [[unlikely]] {
    out_.truncate(before);
    dropped_ = false;
  }
  return true;
}

bool Reader::message_set_item(const FieldTable& field, const FieldPath& path) {
  const std::size_t begin = begin_message_set_item(field, out_);
  if (!message(field.message(), path)) return false;
  end_message_set_item(begin, out_);
  return true;
}

bool Reader::list(const FieldTable& field, FieldPath& path) {
  std::uint64_t count = 0;
  if (!enter_list(count, "a list for a repeated field", path)) return false;
  std::size_t begin = 0;
  if (field.packed && count != 0) {
    out_.put_tag(field);
    begin = out_.begin_sized();
  }
  const bool no_nil = !takes_nil(field);
  for (std::uint64_t i = field.packed ? plain_elements(field, count) : 0; i < count; ++i) {
    path.set_index(i);
    if (no_nil && next() == kNil) return expected("a value; a list has no nil", path);
    const std::size_t before = out_.size();
    if (!(field.packed ? value(field, path) : single(field, path))) return false;
    if (dropped_) [[unlikely]] {
      out_.truncate(before);
      dropped_ = false;
    }
  }
  if (field.packed && count != 0) out_.end_sized(begin);
  leave();
  return true;
}

bool Reader::entries(const FieldTable& field, FieldPath& path) {
  std::uint64_t count = 0;
  if (!enter_map(count, "a map", path)) return false;
  for (; count != 0; --count) {
    if (!entry(field, path)) return false;
  }
  leave();
  return true;
}

bool Reader::entry(const FieldTable& field, FieldPath& path) {
  const FieldTable& held = field.message().field(1);
  const std::size_t before = out_.size();
  out_.put_tag(field);
  const std::size_t begin = out_.begin_sized();
  if (!map_key(field.message().field(0), path)) return false;
  if (next() == kNil && !takes_nil(held)) return expected("a value; a map has no nil", path);
  const std::size_t value_begin = out_.size();
  if (!single(held, path)) return false;
  if (out_.size() == value_begin) {
    // The name of its enum value is unknown.
    out_.truncate(before);
    return true;
  }
  out_.end_sized(begin);
  return true;
}

bool Reader::map_key(const FieldTable& key, FieldPath& path) {
  out_.put_tag(key);
  if (key.kind != FieldKind::String) return value(key, path);
  std::string_view text;
  if (!take_text(text, "a string as the key", path)) return false;
  path.set_key(text);
  out_.put_varint(text.size());
  out_.put(text);
  return true;
}

}  // namespace weft::codec::msgpack
