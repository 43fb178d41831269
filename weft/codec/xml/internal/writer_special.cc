#include <optional>
#include <utility>

#include "weft/codec/schema/text/time_text.h"
#include "weft/codec/schema/well_known_fields.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {

bool Writer::any(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const std::optional<AnyFields> fields = any_fields(bytes);
  if (!fields) return malformed(table, path);
  const auto [url, held] = *fields;
  const TextKind kind = kind_of(url);
  if (kind == TextKind::NotUtf8 || kind == TextKind::NotXml) {
    if (options_.marks) return members(table, bytes, path);
    return fail(Fault::NotWritable,
                "the type of an Any is not UTF-8, or has a character that XML has not", path);
  }
  const std::size_t start = out_.size();
  if (!url.empty()) attribute(kType, url);
  const MessageTable* const type = url.empty() ? nullptr : table.tables().any_type(table, url);
  if (type == nullptr) {
    if (!held.empty() || !url.empty()) base64(held);
    return true;
  }
  const auto [depth, level] = std::pair(depth_, level_);
  const Origin origin = std::exchange(origin_, Origin::Peer);
  const bool written = any_content(*type, held, path);
  origin_ = origin;
  if (written || !options_.marks || fault_.kind() == Fault::TooLarge) return written;
  // Bytes that are not of the type, or something in them that has no XML.
  fault_.clear();
  out_.truncate(start);
  depth_ = depth;
  level_ = level;
  tag_is_open_ = true;
  attribute(kType, url);
  base64(held);
  return true;
}

bool Writer::any_content(const MessageTable& held, std::string_view bytes, const FieldPath& path) {
  if (!has_own_form(held.well_known())) return content(held, bytes, path);
  return element({{}, "value"}, held, bytes, FieldPath(&path, "value"));
}

bool Writer::time(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  Seconds at;
  const WellKnown type = table.well_known();
  if (!read_seconds(bytes, at)) return malformed(table, path);
  if (!is_in_range(type, at)) {
    if (options_.marks) return members(table, bytes, path);
    return fail(Fault::NotWritable, out_of_range(type, at), path);
  }
  begin_text();
  out_.set_end(put_time(type, at, out_.room(kLongestTime)));
  return true;
}

bool Writer::wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const FieldTable& field = table.field(0);
  std::optional<LastValue> held = last_value(field, bytes);
  if (!held) return malformed(table, path);
  if (held->found) return scalar(field, held->reader, path);
  default_value(field);
  return true;
}

}  // namespace weft::codec::xml
