#include "weft/codec/msgpack/internal/writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/codec/schema/closed_enums.h"
#include "weft/codec/schema/message_set.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/plain_bytes.h"
#include "weft/codec/schema/seen_fields.h"

namespace weft::codec::msgpack {
namespace {

/// Copies a short text faster than a call of memcpy().
inline char* copy_short(std::string_view text, char* to) noexcept {
  const std::size_t size = text.size();
  if (size >= 8 && size <= 16) {
    std::memcpy(to, text.data(), 8);
    std::memcpy(to + size - 8, text.data() + size - 8, 8);
  } else if (size >= 4 && size < 8) {
    std::memcpy(to, text.data(), 4);
    std::memcpy(to + size - 4, text.data() + size - 4, 4);
  } else {
    std::memcpy(to, text.data(), size);
  }
  return to + size;
}

}  // namespace

bool Writer::write(const MessageTable& table, std::string_view bytes) {
  const FieldPath root;
  return message(table, bytes, root) && check_size(root);
}

bool Writer::message(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  if (origin_ == Origin::Own) [[likely]]
    return known_message(table, bytes, path);
  return peer_message(table, bytes, path);
}

bool Writer::peer_message(const MessageTable& table, std::string_view bytes,
                          const FieldPath& path) {
  if (is_plain(table, bytes)) return known_message(table, bytes, path);
  OutputBytes normal;
  if (!normalize(table.type(), bytes, normal)) return malformed(table, path);
  origin_ = Origin::Own;
  const bool written = known_message(table, normal.view(), path);
  origin_ = Origin::Peer;
  return written;
}

bool Writer::known_message(const MessageTable& table, std::string_view bytes,
                           const FieldPath& path) {
  if (table.well_known() == WellKnown::None) [[likely]]
    return map(table, bytes, path);
  return special(table, bytes, path);
}

bool Writer::map(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  Container map{.shape = Shape::Map};
  if (!open(Shape::Map, 0, map, path) || !members(table, bytes, map, path)) return false;
  close(map);
  return true;
}

bool Writer::members(const MessageTable& table, std::string_view bytes, Container& map,
                     const FieldPath& path) {
  FieldPath here(&path, {});
  for (WireReader reader(bytes); !reader.at_end();) {
    if (plain_) reader = plain_members(table, reader, map);
    if (reader.at_end()) break;
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    const FieldTable* const field = table.by_number(number);
    const bool done = field != nullptr && fits(*field, wire)
                          ? member(*field, reader, wire, map, here)
                          : extra_member(table, reader, number, wire, map, path);
    if (!done) return false;
  }
  return !options_.defaults || defaults(table, bytes, map);
}

bool Writer::extra_member(const MessageTable& table, WireReader& reader, std::uint32_t number,
                          WireType wire, Container& map, const FieldPath& path) {
  const FieldTable* const field =
      table.has_extensions() ? table.tables().extension(table, number) : nullptr;
  if (field != nullptr && fits(*field, wire)) {
    FieldPath here(&path, {});
    return member(*field, reader, wire, map, here);
  }
  std::string_view group;
  if (table.message_set() && number == 1 && wire == WireType::BeginGroup) {
    if (!reader.group(number, group)) return malformed(table, path);
    return set_item(table, group, map, path);
  }
  // Unknown fields have no name.
  return reader.skip(number, wire) || malformed(table, path);
}

bool Writer::set_item(const MessageTable& table, std::string_view group, Container& map,
                      const FieldPath& path) {
  std::optional<MessageSetItem> item = message_set_item(table, group);
  std::string_view bytes;
  if (!item) return malformed(table, path);
  if (item->field == nullptr) return true;
  if (!item->message.sized(bytes)) return malformed(table, path);
  ++map.count;
  key(*item->field);
  return message(item->field->message(), bytes, FieldPath(&path, item->field->json_name));
}

bool Writer::member(const FieldTable& field, WireReader& reader, WireType wire, Container& map,
                    FieldPath& path) {
  path.set_name(field.json_name);
  if (is_unknown_enum(field, reader, wire)) [[unlikely]] {
    return reader.skip(field.number, wire) || malformed(field, path);
  }
  ++map.count;
  key(field);
  return field.repeated ? repeated(field, reader, wire, path) : value(field, reader, path);
}

bool Writer::repeated(const FieldTable& field, WireReader& reader, WireType wire, FieldPath& path) {
  Container list;
  std::uint64_t announced = 0;
  if (wire != field.wire) {
    std::string_view bytes;
    WireReader look = reader;
    if (!look.sized(bytes)) return malformed(field, path);
    announced = likely_count(field, bytes);
  }
  if (!open(field.map ? Shape::Map : Shape::List, announced, list, path)) return false;
  while (true) {
    const bool done = is_unknown_enum(field, reader, wire)
                          ? reader.skip(field.number, wire) || malformed(field, path)
                          : element(field, reader, wire, list, path);
    if (!done) return false;
    std::uint32_t number = 0;
    WireReader next = reader;
    if (next.at_end() || !next.tag(number, wire) || number != field.number || !fits(field, wire)) {
      break;
    }
    reader = next;
  }
  close(list);
  return true;
}

bool Writer::element(const FieldTable& field, WireReader& reader, WireType wire, Container& list,
                     FieldPath& path) {
  if (field.map || wire != field.wire) {
    std::string_view bytes;
    if (!reader.sized(bytes)) return malformed(field, path);
    if (!field.map) return packed(field, bytes, list, path);
    ++list.count;
    return entry(field, bytes, path);
  }
  path.set_index(list.count++);
  return value(field, reader, path);
}

bool Writer::defaults(const MessageTable& table, std::string_view bytes, Container& map) {
  SeenFields::Stack stack;
  SeenFields seen(stack, table);
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire) || !reader.skip(number, wire)) break;
    if (const FieldTable* field = table.by_number(number)) seen.add_field(*field);
  }
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const FieldTable& field = table.field(i);
    if (field.has_presence || !seen.add_field(field)) continue;
    ++map.count;
    key(field);
    if (field.repeated) {
      put(field.map ? kFixMap : kFixArray);
    } else {
      default_value(field);
    }
  }
  return true;
}

bool Writer::open(Shape shape, std::uint64_t announced, Container& out, const FieldPath& path) {
  if (level_ >= limit_) return fault_.too_deep(limit_, path);
  if (!check_size(path)) return false;
  ++level_;
  out = {.begin = out_.size(), .announced = announced, .shape = shape};
  const bool is_list = shape == Shape::List;
  out_.set_end(put_count(is_list ? kFixArray : kFixMap, is_list ? kArray16 : kMap16, announced,
                         out_.room(5)));
  return true;
}

void Writer::close(const Container& container) {
  --level_;
  if (container.count == container.announced) return;
  const std::size_t had = count_size(container.announced);
  const std::size_t needs = count_size(container.count);
  if (needs != had) {
    out_.room(needs);
    char* const head = out_.data() + container.begin;
    const std::size_t size = out_.size() - container.begin - had;
    std::memmove(head + needs, head + had, size);
    out_.set_end(head + needs + size);
  }
  const bool is_list = container.shape == Shape::List;
  put_count(is_list ? kFixArray : kFixMap, is_list ? kArray16 : kMap16, container.count,
            out_.data() + container.begin);
}

void Writer::key(const FieldTable& field) {
  if (options_.field_numbers) {
    out_.set_end(put_unsigned(field.number, out_.room(9)));
    return;
  }
  const std::string_view name =
      options_.declared_names && !field.extension ? field.name : field.json_name;
  char* const to = put_string_head(name.size(), out_.room(name.size() + 5));
  out_.set_end(copy_short(name, to));
}

}  // namespace weft::codec::msgpack
