#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/codec/json/internal/printer.h"
#include "weft/codec/schema/text/time_text.h"
#include "weft/codec/schema/well_known_fields.h"

namespace weft::codec::json {
bool Printer::special(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, bytes, path);
    case WellKnown::Timestamp:
    case WellKnown::Duration:
      return time(table, bytes, path);
    case WellKnown::FieldMask:
      return field_mask(table, bytes, path);
    case WellKnown::Struct:
      return struct_value(table, bytes, path);
    case WellKnown::ListValue:
      return list_value(table, bytes, path);
    case WellKnown::Value:
      return json_value(table, bytes, path);
    case WellKnown::Wrapper:
      return wrapper(table, bytes, path);
    default:
      return object(table, bytes, path);
  }
}

bool Printer::any(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const std::optional<AnyFields> fields = any_fields(bytes);
  if (!fields) return malformed(table, path);
  const auto [url, held] = *fields;
  if (url.empty() && held.empty()) {
    if (!open('{', true, path)) return false;
    close('}', true);
    return true;
  }
  if (url.empty()) return fail(Fault::NotWritable, "an Any has bytes and no type", path);
  const MessageTable* const type = table.tables().any_type(table, url);
  const Place before = place();
  if (type != nullptr) {
    const WireOrigin origin = std::exchange(origin_, WireOrigin::Peer);
    const bool printed = any_content(*type, url, held, path);
    origin_ = origin;
    if (printed) [[likely]]
      return true;
  } else {
    const std::string_view name = type_name_of(url);
    if (unknown_types_ != nullptr) unknown_types_->emplace_back(name);
    fail(Fault::NotWritable, "the type " + printable(name.substr(0, 256)) + " of an Any is unknown",
         path);
  }
  if (!may_mark()) return false;
  return_to(before);
  bool first = true;
  out_.put('{');
  ++level_;
  member("\"@type\":", first);
  if (!string(url)) return fail(Fault::NotWritable, "the type of an Any is not UTF-8", path);
  member("\"@value\":", first);
  base64(held);
  close('}', false);
  return true;
}

bool Printer::any_content(const MessageTable& held, std::string_view url, std::string_view bytes,
                          const FieldPath& path) {
  if (!open('{', true, path)) return false;
  bool first = true;
  member("\"@type\":", first);
  if (!string(url)) return fail(Fault::NotWritable, "the type of an Any is not UTF-8", path);
  const bool has_own_form =
      held.well_known() != WellKnown::None && held.well_known() != WellKnown::Empty;
  if (!has_own_form) {
    if (!members(held, bytes, first, path)) return false;
  } else {
    member("\"value\":", first);
    if (!message(held, bytes, FieldPath(&path, "value"))) return false;
  }
  close('}', false);
  return true;
}

bool Printer::time(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  Seconds at;
  if (!read_seconds(bytes, at)) return malformed(table, path);
  const WellKnown type = table.well_known();
  if (!is_in_range(type, at)) return fail(Fault::NotWritable, out_of_range(type, at), path);
  char* to = out_.room(kLongestTime + 2);
  *to++ = '"';
  to = put_time(type, at, to);
  *to++ = '"';
  out_.set_end(to);
  return true;
}

bool Printer::field_mask(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  std::string text;
  bool has_json = true;
  bool first = true;
  const auto add = [&](std::string_view mask_path) {
    if (!first) text += ',';
    first = false;
    // Only lower case and underscores that precede a letter come back as they were.
    for (std::size_t i = 0; i < mask_path.size(); ++i) {
      char c = mask_path[i];
      if (c == '_') {
        ++i;
        has_json = has_json && i < mask_path.size() && ascii::is_lower(mask_path[i]);
        c = i < mask_path.size() ? ascii::upper(mask_path[i]) : '_';
      } else {
        has_json = has_json && !ascii::is_upper(c) && c != ',' && c != '\0';
      }
      text += c;
    }
  };
  const bool well_formed = for_each_field(bytes, [&](auto number, WireType wire, WireReader value) {
    std::string_view mask_path;
    if (number == 1 && wire == WireType::Bytes && value.sized(mask_path)) add(mask_path);
  });
  if (!well_formed) return malformed(table, path);
  if (!has_json) {
    return fail(Fault::NotWritable,
                "the path of a FieldMask would not be read as it was, because it is not in "
                "lower_snake_case: '" +
                    printable(std::string_view(text).substr(0, 256)) + "'",
                path);
  }
  return string(text) || fail(Fault::NotWritable, "the path of a FieldMask is not UTF-8", path);
}

bool Printer::struct_value(const MessageTable& table, std::string_view bytes,
                           const FieldPath& path) {
  const FieldTable& fields = table.field(0);
  const Outline outline = outline_of(table, bytes);
  if (!outline.well_formed) return malformed(table, path);
  if (bytes.empty()) {
    if (!open('{', true, path)) return false;
    close('}', true);
    return true;
  }
  Occurrences found;
  for_each_field(bytes, [&](auto number, WireType wire, WireReader value) {
    if (number == 1 && wire == WireType::Bytes) found.push_back({&fields, value.position(), wire});
  });
  FieldPath here(&path, {});
  if (found.empty()) {
    if (!open('{', true, path)) return false;
    close('}', true);
    return true;
  }
  return list_of(found.data(), found.data() + found.size(), bytes.data() + bytes.size(), here);
}

bool Printer::list_value(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  if (!open('[', true, path)) return false;
  const FieldTable& values = table.field(0);
  FieldPath here(&path, {});
  std::uint64_t count = 0;
  bool printed = true;
  const bool well_formed = for_each_field(bytes, [&](auto number, WireType wire, WireReader value) {
    if (number != 1 || wire != WireType::Bytes || !printed) return;
    printed = element(values, value, wire, count, here);
  });
  if (!printed) return false;
  if (!well_formed) return malformed(table, path);
  close(']', count == 0);
  return true;
}

bool Printer::json_value(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const FieldTable* kind = nullptr;
  const char* at = nullptr;
  std::string_view message;
  std::string joined;  // messages of the same kind that follow each other are merged
  const bool well_formed = for_each_field(bytes, [&](auto number, WireType wire, WireReader value) {
    const FieldTable* const field = table.by_number(number);
    if (field == nullptr || field->wire != wire) return;
    std::string_view content;
    if (field->kind == FieldKind::Message) {
      if (!value.sized(content)) return;
      if (field == kind) content = joined = std::string(message).append(content);
      message = content;
    }
    kind = field;
    at = value.position();
  });
  if (!well_formed) return malformed(table, path);
  if (kind == nullptr) return fail(Fault::NotWritable, "a Value has no kind set", path);
  if (kind->kind == FieldKind::Message) return marked_message(kind->message(), message, path);
  WireReader reader({at, static_cast<std::size_t>(bytes.data() + bytes.size() - at)});
  if (kind->kind == FieldKind::Double) {
    std::uint64_t bits = 0;
    WireReader look = reader;
    look.fixed64(bits);
    if (!std::isfinite(std::bit_cast<double>(bits))) {
      return fail(Fault::NotWritable, "a Value holds NaN or an infinity, which JSON does not have",
                  path);
    }
  }
  return value(*kind, reader, path);
}

bool Printer::wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const FieldTable& field = table.field(0);
  std::optional<LastValue> held = last_value(field, bytes);
  if (!held) return malformed(table, path);
  return held->found ? value(field, held->reader, path) : default_value(field, path);
}

}  // namespace weft::codec::json
