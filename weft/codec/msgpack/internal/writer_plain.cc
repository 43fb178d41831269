#include "weft/codec/msgpack/internal/value_format.h"
#include "weft/codec/msgpack/internal/writer.h"

// What most messages are made of. Whatever is anything else is left for the functions that say what
// is wrong: nothing here fails.

namespace weft::codec::msgpack {
namespace {

// With a head of two bytes at most.
constexpr std::size_t kLongestText = 127;
// Names that are copied as so many bytes, whose head is one byte.
constexpr std::size_t kNameRoom = 32;
constexpr std::size_t kPlainRoom = 1 + kNameRoom + 2 + kLongestText;

/// The name of a simple field.
char* put_name(const FieldTable& field, char* to) noexcept {
  const std::size_t size = field.json_name.size();
  // As it stands in quotes, because padding follows it there.
  const char* const name = field.quoted_json_name.data() + 1;
  *to++ = static_cast<char>(kFixString | size);
  std::memcpy(to, name, kNamePadding);
  if (size > kNamePadding) {
    std::memcpy(to + kNamePadding, name + kNamePadding, size - kNamePadding);
  }
  return to + size;
}

/// The value of a simple field; null where it is not plain.
char* put_plain(const FieldTable& field, WireReader& reader, char* to) noexcept {
  std::uint64_t wide = 0;
  std::uint32_t narrow = 0;
  std::string_view text;
  switch (field.wire) {
    case WireType::Varint:
      return reader.varint(wide) ? put_varint_value(field.kind, wide, to) : nullptr;
    case WireType::Fixed64:
      return reader.fixed64(wide) ? put_fixed64_value(field.kind, wide, to) : nullptr;
    case WireType::Fixed32:
      return reader.fixed32(narrow) ? put_fixed32_value(field.kind, narrow, to) : nullptr;
    default:
      if (!reader.sized(text) || text.size() > kLongestText) return nullptr;
      return copy_ascii(text, put_string_head(text.size(), to));
  }
}

/// The loops of lists whose kind is known to the compiler. Readers and counts are copies, which
/// stay in registers.
template <FieldKind kind>
char* put_varints(WireReader& reader, std::uint64_t& count, char* to) noexcept {
  WireReader from = reader;
  std::uint64_t done = 0;
  std::uint64_t value = 0;
  for (; !from.at_end() && from.varint(value); ++done) to = put_varint_value(kind, value, to);
  reader = from;
  count += done;
  return to;
}

template <FieldKind kind>
char* put_fixed64s(WireReader& reader, std::uint64_t& count, char* to) noexcept {
  const std::string_view rest = reader.rest();
  const char* at = rest.data();
  const char* const end = at + rest.size() / 8 * 8;
  const auto put = [&at, &to](std::size_t i) {
    std::uint64_t value = 0;
    std::memcpy(&value, at + i * sizeof value, sizeof value);
    to = put_fixed64_value(kind, value, to);
  };
  // Four at a time, or the loop is half of the work.
  for (; end - at >= 4 * 8; at += 4 * 8) put(0), put(1), put(2), put(3);
  for (; at != end; at += 8) put(0);
  count += rest.size() / 8;
  reader = WireReader(rest.substr(rest.size() / 8 * 8));
  return to;
}

template <FieldKind kind>
char* put_fixed32s(WireReader& reader, std::uint64_t& count, char* to) noexcept {
  WireReader from = reader;
  std::uint64_t done = 0;
  std::uint32_t value = 0;
  for (; from.fixed32(value); ++done) to = put_fixed32_value(kind, value, to);
  reader = from;
  count += done;
  return to;
}

}  // namespace

WireReader Writer::plain_members(const MessageTable& table, WireReader reader, Container& map) {
  while (!reader.at_end()) {
    WireReader next = reader;
    std::uint32_t number = 0;
    WireType wire{};
    if (!next.tag(number, wire)) break;
    const FieldTable* const field = table.by_number(number);
    if (field == nullptr || !field->simple || wire != field->wire) break;
    if (field->json_name.size() >= kNameRoom) break;
    char* const to = put_plain(*field, next, put_name(*field, out_.room(kPlainRoom)));
    if (to == nullptr) break;
    out_.set_end(to);
    ++map.count;
    reader = next;
  }
  return reader;
}

char* Writer::plain_elements(FieldKind kind, WireReader& reader, std::uint64_t& count,
                             char* to) noexcept {
  switch (kind) {
    case FieldKind::Int32:
      return put_varints<FieldKind::Int32>(reader, count, to);
    case FieldKind::UInt32:
      return put_varints<FieldKind::UInt32>(reader, count, to);
    case FieldKind::Int64:
      return put_varints<FieldKind::Int64>(reader, count, to);
    case FieldKind::UInt64:
      return put_varints<FieldKind::UInt64>(reader, count, to);
    case FieldKind::SInt32:
      return put_varints<FieldKind::SInt32>(reader, count, to);
    case FieldKind::SInt64:
      return put_varints<FieldKind::SInt64>(reader, count, to);
    case FieldKind::Bool:
      return put_varints<FieldKind::Bool>(reader, count, to);
    case FieldKind::Double:
      return put_fixed64s<FieldKind::Double>(reader, count, to);
    case FieldKind::Fixed64:
      return put_fixed64s<FieldKind::Fixed64>(reader, count, to);
    case FieldKind::SFixed64:
      return put_fixed64s<FieldKind::SFixed64>(reader, count, to);
    case FieldKind::Float:
      return put_fixed32s<FieldKind::Float>(reader, count, to);
    case FieldKind::Fixed32:
      return put_fixed32s<FieldKind::Fixed32>(reader, count, to);
    case FieldKind::SFixed32:
      return put_fixed32s<FieldKind::SFixed32>(reader, count, to);
    default:
      return nullptr;
  }
}

std::uint64_t Writer::likely_count(const FieldTable& field, std::string_view bytes) noexcept {
  if (field.wire == WireType::Fixed64) return bytes.size() / 8;
  if (field.wire == WireType::Fixed32) return bytes.size() / 4;
  return bytes.size();
}

bool Writer::packed(const FieldTable& field, std::string_view bytes, Container& list,
                    FieldPath& path) {
  WireReader reader(bytes);
  // A varint of n bytes is an integer of at most 2n here, a fixed number one byte longer.
  char* const to = out_.room(2 * bytes.size() + 16);
  char* const end = plain_elements(field.kind, reader, list.count, to);
  if (end != nullptr) {
    out_.set_end(end);
  } else if (!packed_enums(field, reader, list.count)) {
    return malformed(field, path);
  }
  return reader.at_end() || malformed(field, path);
}

}  // namespace weft::codec::msgpack
