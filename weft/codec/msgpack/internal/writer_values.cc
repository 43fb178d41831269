#include <bit>

#include <google/protobuf/descriptor.h>

#include "weft/base/printable.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/text_check.h"

namespace weft::codec::msgpack {
namespace {

constexpr std::size_t kLongestShown = 64;

/// A varint of `kind` as an integer or a boolean.
inline char* put_varint_value(FieldKind kind, std::uint64_t value, char* to) noexcept {
  switch (kind) {
    case FieldKind::Int32:
    case FieldKind::Enum:
      return put_signed(static_cast<std::int32_t>(value), to);
    case FieldKind::UInt32:
      return put_unsigned(static_cast<std::uint32_t>(value), to);
    case FieldKind::UInt64:
      return put_unsigned(value, to);
    case FieldKind::SInt32:
      return put_signed(unzigzag(static_cast<std::uint32_t>(value)), to);
    case FieldKind::SInt64:
      return put_signed(unzigzag(value), to);
    case FieldKind::Bool:
      *to = static_cast<char>(value != 0 ? kTrue : kFalse);
      return to + 1;
    default:
      return put_signed(static_cast<std::int64_t>(value), to);
  }
}

inline char* put_fixed32_value(FieldKind kind, std::uint32_t value, char* to) noexcept {
  if (kind == FieldKind::Float) return put_coded(kFloat32, value, to);
  if (kind == FieldKind::Fixed32) return put_unsigned(value, to);
  return put_signed(static_cast<std::int32_t>(value), to);
}

inline char* put_fixed64_value(FieldKind kind, std::uint64_t value, char* to) noexcept {
  if (kind == FieldKind::Double) return put_coded(kFloat64, value, to);
  if (kind == FieldKind::Fixed64) return put_unsigned(value, to);
  return put_signed(static_cast<std::int64_t>(value), to);
}

/// Varints, each of which ends with a byte without its high bit.
std::uint64_t count_varints(std::string_view bytes) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t count = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    count += static_cast<std::uint64_t>(std::popcount(~word & kHighBits));
  }
  for (const char c : bytes) count += (c & 0x80) == 0 ? 1 : 0;
  return count;
}

/// The loop of a list whose kind is known to the compiler.
template <FieldKind kind>
char* put_varints(WireReader& reader, char* to) noexcept {
  std::uint64_t value = 0;
  while (!reader.at_end() && reader.varint(value)) to = put_varint_value(kind, value, to);
  return to;
}

}  // namespace

// Both are used in this file only, and their calls cost as much as they do.
inline bool Writer::varint(const FieldTable& field, WireReader& reader) {
  std::uint64_t value = 0;
  if (!reader.varint(value)) return false;
  if (field.enums != nullptr) {
    enum_value(field, static_cast<std::int32_t>(value));
  } else {
    out_.set_end(put_varint_value(field.kind, value, out_.room(9)));
  }
  return true;
}

inline bool Writer::scalar(const FieldTable& field, WireReader& reader) {
  if (field.wire == WireType::Varint) return varint(field, reader);
  if (field.wire == WireType::Fixed32) {
    std::uint32_t value = 0;
    if (!reader.fixed32(value)) return false;
    out_.set_end(put_fixed32_value(field.kind, value, out_.room(9)));
    return true;
  }
  std::uint64_t value = 0;
  if (!reader.fixed64(value)) return false;
  out_.set_end(put_fixed64_value(field.kind, value, out_.room(9)));
  return true;
}

bool Writer::value(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  std::string_view bytes;
  switch (field.kind) {
    case FieldKind::String:
      return reader.sized(bytes) ? string(bytes, path) : malformed(field, path);
    case FieldKind::Bytes:
      if (!reader.sized(bytes)) return malformed(field, path);
      bin(bytes);
      return true;
    case FieldKind::Message:
      return reader.sized(bytes) ? message(field.message(), bytes, path) : malformed(field, path);
    case FieldKind::Group:
      return reader.group(field.number, bytes) ? message(field.message(), bytes, path)
                                               : malformed(field, path);
    default:
      return scalar(field, reader) || malformed(field, path);
  }
}

std::uint64_t Writer::packed_count(const FieldTable& field, std::string_view bytes) noexcept {
  if (field.wire == WireType::Fixed64) return bytes.size() / 8;
  if (field.wire == WireType::Fixed32) return bytes.size() / 4;
  return count_varints(bytes);
}

bool Writer::packed(const FieldTable& field, std::string_view bytes, Container& list,
                    FieldPath& path) {
  WireReader reader(bytes);
  const std::size_t before = out_.size();
  // A varint of n bytes is an integer of at most 2n here, a fixed number one byte longer.
  char* to = out_.room(2 * bytes.size() + 16);
  std::uint64_t fixed64 = 0;
  std::uint32_t fixed32 = 0;
  if (field.wire == WireType::Fixed64) {
    for (; reader.fixed64(fixed64); ++list.count) to = put_fixed64_value(field.kind, fixed64, to);
  } else if (field.wire == WireType::Fixed32) {
    for (; reader.fixed32(fixed32); ++list.count) to = put_fixed32_value(field.kind, fixed32, to);
  } else {
    if (!bytes.empty() && (bytes.back() & 0x80) != 0) return malformed(field, path);
    list.count += packed_count(field, bytes);
    switch (field.kind) {
      case FieldKind::Int32:
        to = put_varints<FieldKind::Int32>(reader, to);
        break;
      case FieldKind::UInt32:
        to = put_varints<FieldKind::UInt32>(reader, to);
        break;
      case FieldKind::Int64:
        to = put_varints<FieldKind::Int64>(reader, to);
        break;
      case FieldKind::UInt64:
        to = put_varints<FieldKind::UInt64>(reader, to);
        break;
      case FieldKind::SInt32:
        to = put_varints<FieldKind::SInt32>(reader, to);
        break;
      case FieldKind::SInt64:
        to = put_varints<FieldKind::SInt64>(reader, to);
        break;
      case FieldKind::Bool:
        to = put_varints<FieldKind::Bool>(reader, to);
        break;
      default:
        out_.truncate(before);
        while (!reader.at_end() && varint(field, reader)) continue;
        return reader.at_end() || malformed(field, path);
    }
  }
  out_.set_end(to);
  return reader.at_end() || malformed(field, path);
}

bool Writer::entry(const FieldTable& field, std::string_view bytes, FieldPath& path) {
  const FieldTable& key = field.message().field(0);
  const FieldTable& held = field.message().field(1);
  // Protobuf writes the key and then the value; of both a default may be missing.
  WireReader reader(bytes);
  std::uint32_t number = 0;
  WireType wire{};
  bool more = !reader.at_end();
  if (more && !reader.tag(number, wire)) return malformed(field, path);
  if (more && number == key.number && wire == key.wire) {
    if (!map_key(key, reader, path)) return false;
    more = !reader.at_end();
    if (more && !reader.tag(number, wire)) return malformed(field, path);
  } else {
    default_value(key);
  }
  if (more && number == held.number && wire == held.wire) return value(held, reader, path);
  if (held.kind == FieldKind::Message) return message(held.message(), {}, path);
  default_value(held);
  return true;
}

bool Writer::map_key(const FieldTable& key, WireReader& reader, FieldPath& path) {
  if (key.kind != FieldKind::String) {
    return scalar(key, reader) || malformed(key, path);
  }
  std::string_view text;
  if (!reader.sized(text)) return malformed(key, path);
  path.set_key(text);
  return string(text, path);
}

void Writer::default_value(const FieldTable& field) {
  switch (field.kind) {
    case FieldKind::String:
      return put(kFixString);
    case FieldKind::Bytes:
      return bin({});
    case FieldKind::Bool:
      return put(kFalse);
    case FieldKind::Float:
      out_.set_end(put_coded(kFloat32, std::uint32_t{0}, out_.room(9)));
      return;
    case FieldKind::Double:
      out_.set_end(put_coded(kFloat64, std::uint64_t{0}, out_.room(9)));
      return;
    case FieldKind::Enum:
      return enum_value(field, field.enums->first());
    default:
      out_.put('\0');
  }
}

void Writer::enum_value(const FieldTable& field, std::int32_t number) {
  if (field.enums->is_null_value() && number == 0) return put(kNil);
  if (options_.enum_names) {
    if (const EnumTable::Value* known = field.enums->by_number(number)) return text(known->name);
  }
  out_.set_end(put_signed(number, out_.room(9)));
}

bool Writer::string(std::string_view text, const FieldPath& path) {
  if (!is_text(text)) [[unlikely]] {
    return fail(Fault::NotWritable,
                "the string is not UTF-8: '" + printable(text.substr(0, kLongestShown)) + "'",
                path);
  }
  this->text(text);
  return true;
}

void Writer::text(std::string_view text) {
  char* to = put_string_head(text.size(), out_.room(text.size() + 5));
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  out_.set_end(to + text.size());
}

void Writer::bin(std::string_view bytes) {
  char* to = put_bin_head(bytes.size(), out_.room(bytes.size() + 5));
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  out_.set_end(to + bytes.size());
}

}  // namespace weft::codec::msgpack
