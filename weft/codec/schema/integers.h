#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weft/codec/schema/message_table.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// The values of an integer type.
struct IntegerRange {
  std::int64_t least;
  std::uint64_t greatest;
};
/// Of a kind that is an integer.
constexpr IntegerRange range_of(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::UInt32:
    case FieldKind::Fixed32:
      return {0, UINT32_MAX};
    case FieldKind::UInt64:
    case FieldKind::Fixed64:
      return {0, UINT64_MAX};
    case FieldKind::Int64:
    case FieldKind::SInt64:
    case FieldKind::SFixed64:
      return {INT64_MIN, INT64_MAX};
    default:
      return {INT32_MIN, INT32_MAX};
  }
}

/// For an error: "300 is beyond int32, whose greatest value is 2147483647". `shown` is the integer
/// of `kind`, or the enum, that is out of its range.
std::string beyond_range(FieldKind kind, std::string_view shown, bool negative);

/// Returns the end; `to` has 10 bytes, all of which may be written.
inline char* put_varint_at(std::uint64_t value, char* to) noexcept {
  if (value < 0x80) {
    *to = static_cast<char>(value);
    return to + 1;
  }
  // Two and three bytes, which lengths and numbers often have, with one store.
  const auto bits = static_cast<std::uint32_t>(value);
  const std::uint32_t two = (bits & 0x7f) | (bits << 1 & 0x7f00) | 0x80;
  if (value < 0x4000) {
    const auto word = static_cast<std::uint16_t>(two);
    std::memcpy(to, &word, sizeof word);
    return to + 2;
  }
  if (value < 0x200000) {
    const std::uint32_t word = two | 0x8000 | (bits << 2 & 0x7f0000);
    std::memcpy(to, &word, sizeof word);
    return to + 3;
  }
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

/// Writes an integer of its kind's range, negative ones as their two's complement, without a tag:
/// at most 10 bytes. Returns the end.
inline char* put_integer_at(FieldKind kind, std::uint64_t bits, char* to) noexcept {
  switch (kind) {
    case FieldKind::SInt32:
      return put_varint_at(zigzag(static_cast<std::int32_t>(bits)), to);
    case FieldKind::SInt64:
      return put_varint_at(zigzag(static_cast<std::int64_t>(bits)), to);
    case FieldKind::Fixed32:
    case FieldKind::SFixed32: {
      const auto narrow = static_cast<std::uint32_t>(bits);
      std::memcpy(to, &narrow, sizeof narrow);
      return to + sizeof narrow;
    }
    case FieldKind::Fixed64:
    case FieldKind::SFixed64:
      std::memcpy(to, &bits, sizeof bits);
      return to + sizeof bits;
    default:
      return put_varint_at(bits, to);
  }
}

/// Appends the same.
inline void put_integer(FieldKind kind, std::uint64_t bits, OutputBytes& out) {
  out.set_end(put_integer_at(kind, bits, out.room(10)));
}

}  // namespace weft::codec
