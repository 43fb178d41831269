#include <optional>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/plain_bytes.h"
#include "weft/codec/schema/text_check.h"
#include "weft/codec/schema/time.h"
#include "weft/codec/schema/well_known_fields.h"

namespace weft::codec::msgpack {
bool Writer::special(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, bytes, path);
    case WellKnown::Timestamp:
      return timestamp(table, bytes, path);
    case WellKnown::Struct:
    case WellKnown::ListValue:
      return list_value(table, bytes, path);
    case WellKnown::Value:
      return json_value(table, bytes, path);
    case WellKnown::Wrapper:
      return wrapper(table, bytes, path);
    default:
      return map(table, bytes, path);
  }
}

bool Writer::any(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const std::optional<AnyFields> fields = any_fields(bytes);
  if (!fields) return malformed(table, path);
  const auto [url, held] = *fields;
  Container map;
  if (!open(Shape::Map, 0, map, path)) return false;
  if (!url.empty()) {
    ++map.count;
    text("@type");
    if (!string(url, path)) return false;
    const MessageTable* const type = table.tables().any_type(table, url);
    if (type == nullptr) {
      ++map.count;
      text("@value");
      bin(held);
    } else if (!any_content(*type, held, map, path)) {
      return false;
    }
  } else if (!held.empty()) {
    return fail(Fault::NotWritable, "an Any has bytes and no type", path);
  }
  close(map);
  return true;
}

bool Writer::any_content(const MessageTable& held, std::string_view bytes, Container& map,
                         const FieldPath& path) {
  // Nobody has looked at the bytes yet.
  const Origin origin = std::exchange(origin_, Origin::Peer);
  bool written = false;
  OutputBytes normal;
  if (has_own_form(held.well_known())) {
    ++map.count;
    text("value");
    written = message(held, bytes, FieldPath(&path, "value"));
  } else if (is_plain(held, bytes)) {
    written = members(held, bytes, map, path);
  } else if (normalize(held.type(), bytes, normal)) {
    origin_ = Origin::Own;
    written = members(held, normal.view(), map, path);
  } else {
    malformed(held, path);
  }
  origin_ = origin;
  return written;
}

bool Writer::timestamp(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  Seconds time;
  if (!read_seconds(bytes, time)) return malformed(table, path);
  if (!is_in_range(WellKnown::Timestamp, time)) {
    return fail(Fault::NotWritable, out_of_range(WellKnown::Timestamp, time), path);
  }
  const auto seconds = static_cast<std::uint64_t>(time.seconds);
  const auto nanos = static_cast<std::uint32_t>(time.nanos);
  char* to = out_.room(15);
  if (seconds <= UINT32_MAX && nanos == 0) {
    to = put_coded(kFixExt4, kTimestampType, to);
    to = put_big(static_cast<std::uint32_t>(seconds), to);
  } else if (seconds >> 34 == 0) {
    to = put_coded(kFixExt8, kTimestampType, to);
    to = put_big(std::uint64_t{nanos} << 34 | seconds, to);
  } else {
    to = put_coded(kExt8, std::uint8_t{12}, to);
    *to++ = static_cast<char>(kTimestampType);
    to = put_big(nanos, to);
    to = put_big(seconds, to);
  }
  out_.set_end(to);
  return true;
}

bool Writer::list_value(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const FieldTable& field = table.field(0);
  FieldPath here(&path, {});
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    if (number == field.number && wire == field.wire) return repeated(field, reader, wire, here);
    if (!reader.skip(number, wire)) return malformed(table, path);
  }
  Container empty;
  if (!open(field.map ? Shape::Map : Shape::List, 0, empty, path)) return false;
  close(empty);
  return true;
}

bool Writer::json_value(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    const FieldTable* const field = table.by_number(number);
    if (field != nullptr && wire == field->wire) {
      std::uint64_t null = 0;
      WireReader look = reader;
      if (field->enums != nullptr && look.varint(null) && null != 0) {
        return fail(Fault::NotWritable,
                    "the null of a Value is " + std::to_string(static_cast<std::int32_t>(null)) +
                        " instead of 0",
                    path);
      }
      return value(*field, reader, path);
    }
    if (!reader.skip(number, wire)) return malformed(table, path);
  }
  return fail(Fault::NotWritable, "a Value has no kind set", path);
}

bool Writer::wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  const FieldTable& field = table.field(0);
  std::optional<LastValue> held = last_value(field, bytes);
  if (!held) return malformed(table, path);
  if (held->found) return value(field, held->reader, path);
  default_value(field);
  return true;
}

}  // namespace weft::codec::msgpack
