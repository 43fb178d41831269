#include "weft/codec/xml/internal/writer.h"

#include <algorithm>
#include <optional>

#include <google/protobuf/descriptor.h>

#include "weft/codec/schema/closed_enums.h"
#include "weft/codec/schema/message_set.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/plain_bytes.h"
#include "weft/codec/schema/seen_fields.h"

namespace weft::codec::xml {
namespace {

constexpr int kDeepest = 1000;

}  // namespace

bool Writer::write(const MessageTable& table, std::string_view bytes) {
  const FieldPath root;
  return element({{}, table.type().name()}, table, bytes, root) &&
         (out_.size() - begin_ <= options_.max_size || fail(Fault::TooLarge, {}, root));
}

Writer::Name Writer::name_of(const FieldTable& field) const noexcept {
  if (field.extension) return {kExtensionPrefix, field.name};
  return {{}, options_.declared_names || !field.plain_json_name ? field.name : field.json_name};
}

bool Writer::element(Name name, const MessageTable& table, std::string_view bytes,
                     const FieldPath& path) {
  const int limit = std::min(options_.max_depth, kDeepest);
  if (depth_ >= limit) return fault_.too_deep(limit, path);
  if (out_.size() - begin_ > options_.max_size) return fail(Fault::TooLarge, {}, path);
  ++depth_;
  begin(name);
  if (!content(table, bytes, path)) return false;
  end(name);
  --depth_;
  return true;
}

bool Writer::content(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  if (origin_ == Origin::Own || is_plain(table, bytes)) [[likely]]
    return known_content(table, bytes, path);
  OutputBytes normal;
  if (!normalize(table.type(), bytes, normal)) return malformed(table, path);
  origin_ = Origin::Own;
  const bool written = known_content(table, normal.view(), path);
  origin_ = Origin::Peer;
  return written;
}

bool Writer::known_content(const MessageTable& table, std::string_view bytes,
                           const FieldPath& path) {
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, bytes, path);
    case WellKnown::Timestamp:
    case WellKnown::Duration:
      return time(table, bytes, path);
    case WellKnown::Wrapper:
      return wrapper(table, bytes, path);
    default:
      return members(table, bytes, path);
  }
}

bool Writer::members(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  FieldPath here(&path, {});
  const FieldTable* last = nullptr;
  std::uint64_t count = 0;  // of elements of `last`
  std::string unknown;
  for (WireReader reader(bytes); !reader.at_end();) {
    const char* const at = reader.position();
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    const FieldTable* const found = table.by_number(number);
    if (found != nullptr && fits(*found, wire) && !is_unknown_enum(*found, reader, wire))
        [[likely]] {
      if (found != last) count = 0;
      last = found;
      if (!field(*found, reader, wire, count, here)) return false;
      continue;
    }
    bool known = false;
    if (!extra(table, reader, number, wire, known, here)) return false;
    if (!known && options_.marks) unknown.append(at, reader.position());
  }
  if (options_.defaults) defaults(table, bytes);
  if (unknown.empty()) return true;
  begin({{}, kUnknownFields});
  base64(unknown);
  end({{}, kUnknownFields});
  return true;
}

bool Writer::extra(const MessageTable& table, WireReader& reader, std::uint32_t number,
                   WireType wire, bool& known, FieldPath& path) {
  const FieldTable* const extension =
      table.has_extensions() ? table.tables().extension(table, number) : nullptr;
  if (extension != nullptr && fits(*extension, wire) &&
      !is_unknown_enum(*extension, reader, wire)) {
    known = true;
    std::uint64_t count = 0;
    return field(*extension, reader, wire, count, path);
  }
  if (table.message_set() && number == 1 && wire == WireType::BeginGroup) {
    return set_item(table, reader, known, path);
  }
  path.set_name({});
  return reader.skip(number, wire) || malformed(table, path);
}

bool Writer::set_item(const MessageTable& table, WireReader& reader, bool& known, FieldPath& path) {
  std::string_view group;
  if (!reader.group(1, group)) return malformed(table, path);
  std::optional<MessageSetItem> item = message_set_item(table, group);
  std::string_view bytes;
  if (!item) return malformed(table, path);
  if (item->field == nullptr) return true;
  known = true;
  path.set_name(item->field->json_name);
  if (!item->message.sized(bytes)) return malformed(*item->field, path);
  return element(name_of(*item->field), item->field->message(), bytes, path);
}

bool Writer::field(const FieldTable& field, WireReader& reader, WireType wire, std::uint64_t& count,
                   FieldPath& path) {
  path.set_name(field.json_name);
  if (wire == field.wire) [[likely]] {
    if (field.repeated) path.set_index(count++);
    return one(field, reader, path);
  }
  std::string_view packed;
  if (!reader.sized(packed)) return malformed(field, path);
  for (WireReader values(packed); !values.at_end();) {
    path.set_index(count++);
    if (!one(field, values, path)) return false;
  }
  return out_.size() - begin_ <= options_.max_size || fail(Fault::TooLarge, {}, path);
}

bool Writer::one(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  const Name name = name_of(field);
  std::string_view bytes;
  if (field.kind == FieldKind::Message || field.kind == FieldKind::Group) {
    const bool taken =
        field.kind == FieldKind::Message ? reader.sized(bytes) : reader.group(field.number, bytes);
    return taken ? element(name, field.message(), bytes, path) : malformed(field, path);
  }
  begin(name);
  if (!scalar(field, reader, path)) return false;
  end(name);
  return true;
}

void Writer::defaults(const MessageTable& table, std::string_view bytes) {
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
    // An empty list has no element.
    if (field.has_presence || field.repeated || !seen.add_field(field)) continue;
    begin(name_of(field));
    default_value(field);
    end(name_of(field));
  }
}

}  // namespace weft::codec::xml
