#include "weft/codec/json/internal/reader.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/message_set.h"
#include "weft/codec/schema/text/base64.h"

namespace weft::codec::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr int kDeepest = 1000;
// What protobuf can hold in a message.
constexpr std::size_t kLargestMessage = 0x7fffffff;

}  // namespace

Reader::Reader(std::string_view json, const JsonReadOptions& options, OutputBytes& out,
               JsonFault& fault) noexcept
    : options_(options),
      out_(out),
      fault_(fault),
      begin_(json.data()),
      at_(json.data()),
      end_(json.data() + json.size()),
      limit_(std::min(options.max_depth, kDeepest) + (options.marks ? kLevelsOfMarks : 0)) {
  if (json.starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
}

bool Reader::read(const MessageTable& table) {
  const FieldPath root;
  const std::size_t begin = out_.size();
  white_space();
  if (!message(table, root)) return false;
  return end(begin, "message");
}

bool Reader::read_field(const FieldTable& field) {
  const FieldPath root;
  FieldPath path(&root, field.json_name);
  const std::size_t begin = out_.size();
  white_space();
  return this->field(field, path) && end(begin, "value");
}

bool Reader::end(std::size_t begin, std::string_view what) {
  const FieldPath root;
  white_space();
  if (at_ != end_) return fail(at_, root, "something follows the " + std::string(what));
  if (out_.size() - begin <= kLargestMessage) return true;
  return fail(begin_, root,
              "the message has more than 2147483647 bytes, which protobuf cannot hold");
}

bool Reader::fail(const char* at, const FieldPath& path, std::string text) {
  failed_ = true;
  fault_.text = std::move(text);
  fault_.path = path.text();
  fault_.at = static_cast<std::size_t>(at - begin_);
  for (const char* c = begin_; c != at; ++c) {
    if (*c == '\n') {
      ++fault_.line;
      fault_.column = 1;
    } else if ((static_cast<unsigned char>(*c) & 0xc0U) != 0x80U) {
      ++fault_.column;
    }
  }
  return false;
}

bool Reader::expected(std::string_view what, const FieldPath& path) {
  std::string text = "expected " + std::string(what);
  text += at_ == end_ ? ", and the text ends" : " instead of " + printable(token());
  return fail(at_, path, std::move(text));
}

bool Reader::message(const MessageTable& table, const FieldPath& path) {
  if (table.well_known() == WellKnown::None) [[likely]] {
    if (next() == '{') [[likely]]
      return object(table, path, false);
    return expected("an object for " + table.type().full_name(), path);
  }
  return special(table, path);
}

bool Reader::object(const MessageTable& table, const FieldPath& path, bool in_any) {
  if (!enter(path)) return false;
  SeenFields seen(seen_, table);
  FieldPath here(&path, {});
  std::uint32_t expected_field = 0;
  white_space();
  if (!eat('}')) {
    do {
      white_space();
      if (plain_members(table, seen, expected_field)) break;
      if (!member(table, seen, expected_field, here, in_any)) return false;
    } while (more('}', path));
    if (failed()) return false;
  }
  --level_;
  return true;
}

bool Reader::member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected_field,
                    FieldPath& path, bool in_any) {
  const char* const at = at_;
  if (const FieldTable* const field = next_field(table, expected_field, at_, end_)) {
    at_ += field->quoted_json_name.size();
    expected_field = field->index + 1;
    return known(*field, seen, at, path);
  }
  std::string scratch;
  std::string_view name;
  path.set_name({});
  if (next() != '"') return expected("the name of a field", path);
  if (!text(name, scratch, path) || !colon(path)) return false;
  if (const FieldTable* field = table.by_name(name)) [[likely]] {
    expected_field = field->index + 1;
    return known(*field, seen, at, path);
  }
  if (in_any && name == "@type") return skip(path);
  if (options_.any_case) {
    const FieldTable* const field = table.by_name_in_any_case(name);
    if (field != nullptr) return known(*field, seen, at, path);
  }
  if (name.starts_with('[') && name.ends_with(']') && table.has_extensions()) {
    const auto* extension = table.tables().extension(table, name.substr(1, name.size() - 2));
    if (extension != nullptr) return known(*extension, seen, at, path);
  }
  return unknown(table, name, at, path);
}

bool Reader::unknown(const MessageTable& table, std::string_view name, const char* at,
                     FieldPath& path) {
  path.set_name({});
  if (options_.marks && (name == "@unknown" || name == "@value")) {
    white_space();
    return marked_value(path);
  }
  if (options_.ignore_unknown) return skip(path);
  fault_.type = &table.type();
  fault_.unknown_name = name;
  const std::string_view shown = name.substr(0, 256);
  return fail(at, path,
              "there is no field '" + printable(shown) + "' in " + table.type().full_name());
}

// This and field() are used in this file only, and their calls cost as much as they do.
inline bool Reader::known(const FieldTable& field, SeenFields& seen, const char* at,
                          FieldPath& path) {
  path.set_name(field.json_name);
  white_space();
  if (!seen.add_field(field)) return fail(at, path, "the field is given twice");
  if (field.oneof >= 0 && (next() != 'n' || takes_null(field)) && !seen.add_oneof(field)) {
    return fail(at, path,
                "another field of the oneof '" + field.descriptor->containing_oneof()->name() +
                    "' is given, too");
  }
  return this->field(field, path);
}

bool Reader::takes_null(const FieldTable& field) noexcept {
  if (field.kind == FieldKind::Enum) return field.enums->is_null_value();
  return field.kind == FieldKind::Message && field.message().well_known() == WellKnown::Value;
}

inline bool Reader::field(const FieldTable& field, FieldPath& path) {
  if (next() == 'n') return null_field(field, path);
  if (!field.repeated) [[likely]]
    return single(field, path);
  return field.map ? map(field, path) : list(field, path);
}

bool Reader::null_field(const FieldTable& field, const FieldPath& path) {
  if (!field.repeated && takes_null(field)) return single(field, path);
  return word("null", path);
}

bool Reader::single(const FieldTable& field, const FieldPath& path) {
  const std::size_t before = out_.size();
  if (field.kind == FieldKind::Message || field.kind == FieldKind::Group) {
    std::size_t begin = 0;
    if (field.message_set_item) return message_set_item(field, path);
    out_.put_tag(field);
    if (field.kind == FieldKind::Message) begin = out_.begin_sized();
    if (!message(field.message(), path)) return false;
    if (field.kind == FieldKind::Message) {
      out_.end_sized(begin);
    } else {
      out_.put({field.end_tag, field.tag_size});
    }
    return true;
  }
  out_.put_tag(field);
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
  if (next() != '[') return expected("a list for a repeated field", path);
  if (!enter(path)) return false;
  white_space();
  if (eat(']')) {
    --level_;
    return true;
  }
  std::size_t begin = 0;
  if (field.packed) {
    out_.put_tag(field);
    begin = out_.begin_sized();
  }
  std::uint64_t count = field.packed ? plain_elements(field) : 0;
  do {
    path.set_index(count++);
    white_space();
    if (next() == 'n' && !takes_null(field)) return expected("a value; a list has no null", path);
    if (!(field.packed ? packed_element(field, path) : single(field, path))) return false;
  } while (more(']', path));
  if (failed()) return false;
  if (field.packed) out_.end_sized(begin);
  --level_;
  return true;
}

bool Reader::packed_element(const FieldTable& field, const FieldPath& path) {
  const std::size_t before = out_.size();
  if (!value(field, path)) return false;
  if (dropped_) [[unlikely]] {
    out_.truncate(before);
    dropped_ = false;
  }
  return true;
}

bool Reader::map(const FieldTable& field, FieldPath& path) {
  if (next() != '{') return expected("an object for a map", path);
  if (!enter(path)) return false;
  white_space();
  if (!eat('}')) {
    do {
      white_space();
      if (plain_entries(field)) break;
      if (!map_entry(field, path)) return false;
      path.set_name(field.json_name);  // the key may be gone
    } while (more('}', path));
    if (failed()) return false;
  }
  --level_;
  return true;
}

bool Reader::map_entry(const FieldTable& field, FieldPath& path) {
  const FieldTable& held = field.message().field(1);
  const std::size_t before = out_.size();
  out_.put_tag(field);
  const std::size_t begin = out_.begin_sized();
  std::string scratch;  // of a key with escapes, to which the path refers
  if (!map_key(field.message().field(0), scratch, path) || !colon(path)) return false;
  white_space();
  if (next() == 'n' && !takes_null(held)) return expected("a value; a map has no null", path);
  const std::size_t value_begin = out_.size();
  if (!single(held, path)) return false;
  if (out_.size() == value_begin && held.kind == FieldKind::Enum) {
    // The name of its value is unknown.
    out_.truncate(before);
    return true;
  }
  out_.end_sized(begin);
  return true;
}

bool Reader::map_key(const FieldTable& key, std::string& scratch, FieldPath& path) {
  const char* const at = at_;
  std::string_view text;
  if (next() != '"') return expected("a key in quotes", path);
  if (!this->text(text, scratch, path)) return false;
  path.set_key(text);
  out_.put_tag(key);
  if (key.kind == FieldKind::String) {
    constexpr std::string_view kMark = "@bytes:";
    std::size_t bad = 0;
    if (options_.marks && text.starts_with(kMark)) {
      const std::size_t begin = out_.begin_sized();
      if (!read_base64(text.substr(kMark.size()), out_, bad)) {
        return fail(at, path, "the key is not base64");
      }
      out_.end_sized(begin);
      return true;
    }
    out_.put_varint(text.size());
    out_.put(text);
    return true;
  }
  if (key.kind == FieldKind::Bool) {
    if (text != "true" && text != "false")
      return fail(at, path, "the key is not \"true\" or \"false\"");
    out_.put(text == "true" ? '\1' : '\0');
    return true;
  }
  Integer value;
  if (read_integer(text, value) == IntegerFault::None) return put_integer(key, value, at, path);
  return fail(at, path, "the key \"" + printable(text.substr(0, 64)) + "\" is not a whole number");
}

bool Reader::marked_value(const FieldPath& path) {
  std::string scratch;
  std::string_view text;
  const char* const at = at_;
  std::size_t bad = 0;
  if (next() != '"') return expected("base64 in quotes", path);
  if (!this->text(text, scratch, path)) return false;
  return read_base64(text, out_, bad) || fail(at, path, "it is not base64");
}

}  // namespace weft::codec::json
