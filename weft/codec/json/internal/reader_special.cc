#include <google/protobuf/descriptor.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/codec/json/internal/reader.h"
#include "weft/codec/schema/text/time_text.h"

namespace weft::codec::json {

bool Reader::special(const MessageTable& table, const FieldPath& path) {
  FieldPath here(&path, {});  // elements and entries have no name of their own
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, path);
    case WellKnown::Struct:
      return map(table.field(0), here);
    case WellKnown::ListValue:
      if (options_.marks && next() == '{') return marked_special(table, path);
      return list(table.field(0), here);
    case WellKnown::Value:
      return json_value(table, path);
    case WellKnown::Empty:
    case WellKnown::None:
      return next() == '{' ? object(table, path, false) : expected("an object", path);
    default:
      break;
  }
  if (options_.marks && next() == '{') return marked_special(table, path);
  if (table.well_known() == WellKnown::FieldMask) return field_mask(path);
  if (table.well_known() != WellKnown::Wrapper) return time(table, path);
  out_.put_tag(table.field(0));
  return value(table.field(0), path);
}

bool Reader::marked_special(const MessageTable& table, const FieldPath& path) {
  const char* const begin = at_;
  std::string scratch;
  std::string_view name;
  if (!enter(path)) return false;
  white_space();
  if (next() == '"' && !text(name, scratch, path)) return false;
  const bool fields = name == "@fields";
  if (!fields) {
    --level_;
    at_ = begin;
    const bool wraps_text =
        table.well_known() == WellKnown::Wrapper && table.field(0).kind == FieldKind::String;
    if (!wraps_text || name != "@bytes") return mark("@value", path);
    out_.put_tag(table.field(0));
    return value(table.field(0), path);
  }
  if (!colon(path)) return false;
  if (next() != '{') return expected("an object", path);
  if (!object(table, path, false)) return false;
  white_space();
  --level_;
  return eat('}') || expected("}", path);
}

bool Reader::time(const MessageTable& table, const FieldPath& path) {
  const WellKnown type = table.well_known();
  if (next() != '"') return expected(time_form(type), path);
  const char* const at = at_;
  std::string scratch;
  std::string_view text;
  if (!this->text(text, scratch, path)) return false;
  Seconds value;
  if (!read_time(type, text, value)) {
    return fail(at, path,
                "\"" + printable(text.substr(0, 64)) + "\" is not " +
                    std::string(time_form(type)).append(time_range(type)));
  }
  put_seconds(value, out_);
  return true;
}

bool Reader::field_mask(const FieldPath& path) {
  if (next() != '"') return expected("the paths of a FieldMask in one string", path);
  const char* const at = at_;
  std::string scratch;
  std::string_view text;
  if (!this->text(text, scratch, path)) return false;
  while (!text.empty()) {
    const std::string_view mask_path = text.substr(0, text.find(','));
    out_.put('\x0a');
    const std::size_t begin = out_.begin_sized();
    for (const char c : mask_path) {
      if (c == '_') {
        return fail(at, path,
                    "the path '" + printable(mask_path.substr(0, 256)) +
                        "' of a FieldMask has an underscore; paths are in lowerCamelCase");
      }
      if (ascii::is_upper(c)) out_.put('_');
      out_.put(ascii::lower(c));
    }
    out_.end_sized(begin);
    text.remove_prefix(mask_path.size());
    if (!text.empty()) text.remove_prefix(1);
  }
  return true;
}

bool Reader::json_value(const MessageTable& table, const FieldPath& path) {
  // null_value, number_value, string_value, bool_value, struct_value, list_value
  std::uint32_t index = 1;
  switch (next()) {
    case 'n':
      index = 0;
      break;
    case '"':
      index = 2;
      break;
    case 't':
    case 'f':
      index = 3;
      break;
    case '{':
      index = 4;
      break;
    case '[':
      index = 5;
      break;
    default:
      if (number_end(at_, end_) == at_) return expected("a value", path);
  }
  return single(table.field(index), path);
}

bool Reader::any(const MessageTable& table, const FieldPath& path) {
  if (next() != '{') return expected("an object with \"@type\" for an Any", path);
  const char* const begin = at_;
  std::string url;
  bool raw = false;
  if (!find_type(url, raw, path)) return false;
  // Bytes without a type, or what is no Any.
  if (url.empty() && raw) return marked_special(table, path);
  if (url.empty() && !raw) {
    // An empty object is an empty Any; find_type() has seen to that.
    ++at_;
    white_space();
    ++at_;
    return true;
  }
  out_.put('\x0a');
  out_.put_varint(url.size());
  out_.put(url);
  out_.put('\x12');
  const std::size_t value_begin = out_.begin_sized();
  if (raw) {
    if (!any_member("@value", nullptr, path)) return false;
  } else {
    const MessageTable* const held = table.tables().any_type(table, url);
    if (held == nullptr) {
      return fail(
          begin, path,
          "the type " + printable(type_name_of(url).substr(0, 256)) + " of an Any is unknown");
    }
    if (!any_content(*held, path)) return false;
  }
  out_.end_sized(value_begin);
  return true;
}

/// Looks for "@type", which is the first member almost always, and leaves the place as it was.
bool Reader::find_type(std::string& url, bool& raw, const FieldPath& path) {
  const char* const begin = at_;
  const int level = level_;
  bool found = false;
  if (!enter(path)) return false;
  white_space();
  const bool empty = eat('}');
  if (!empty) {
    do {
      white_space();
      std::string scratch;
      std::string_view name;
      if (next() != '"') return expected("the name of a member", path);
      const char* const at = at_;
      if (!text(name, scratch, path) || !colon(path)) return false;
      const bool is_type = name == "@type";
      if (name == "@value" || name == "@fields") raw = options_.marks;
      if (!is_type) {
        if (!skip(path)) return false;
        continue;
      }
      if (found) return fail(at, path, "\"@type\" is given twice");
      if (next() != '"') return expected("a string for \"@type\"", path);
      std::string_view value;
      if (!text(value, scratch, path)) return false;
      url = value;
      found = true;
      // Without marks nothing behind it is of interest.
      if (!options_.marks) break;
    } while (more('}', path));
    if (failed()) return false;
    if (!raw && (!found || url.empty() || url.ends_with('/'))) {
      return fail(begin, path, found ? "\"@type\" names no type" : "an Any has no \"@type\"");
    }
  }
  at_ = begin;
  level_ = level;
  return true;
}

bool Reader::any_content(const MessageTable& held, const FieldPath& path) {
  const bool has_own_form = held.well_known() != WellKnown::None;
  if (!has_own_form) return object(held, path, true);
  return any_member("value", &held, path);
}

/// {"@type": ..., WANTED: ...}: a message of a well-known type, or base64 where `held` is null.
bool Reader::any_member(std::string_view wanted, const MessageTable* held, const FieldPath& path) {
  if (!enter(path)) return false;
  bool found = false;
  white_space();
  do {
    white_space();
    std::string scratch;
    std::string_view name;
    const char* const at = at_;
    if (next() != '"') return expected("the name of a member", path);
    if (!text(name, scratch, path) || !colon(path)) return false;
    if (name == wanted) {
      if (found) return fail(at, path, "the field '" + std::string(wanted) + "' is given twice");
      found = true;
      const FieldPath here(&path, wanted);
      if (!(held == nullptr ? marked_value(here) : message(*held, here))) return false;
    } else if (name == "@type" || options_.ignore_unknown) {
      if (!skip(path)) return false;
    } else {
      return fail(at, path,
                  "there is no field '" + printable(name.substr(0, 256)) +
                      "' in an Any; its content is the field '" + std::string(wanted) + "'");
    }
  } while (more('}', path));
  if (failed()) return false;
  --level_;
  if (found || (held != nullptr && held->well_known() == WellKnown::Empty)) return true;
  return fail(at_ - 1, path, "an Any of " + held->type().full_name() + " has no field 'value'");
}

}  // namespace weft::codec::json
