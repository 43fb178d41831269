#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "weft/codec/msgpack/internal/format.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec::msgpack {

// The values of protobuf's scalars in MessagePack. `to` has kLongestScalar bytes, all of which may
// be written; the end is returned.
inline constexpr std::size_t kLongestScalar = 9;

/// A varint of `kind` as an integer or a boolean.
[[gnu::always_inline]] inline char* put_varint_value(FieldKind kind, std::uint64_t value,
                                                     char* to) noexcept {
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

/// Copies a short text, if it is ASCII; null where it is not. Faster than asking first and a call
/// of memcpy() then.
inline char* copy_ascii(std::string_view text, char* to) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t word = 0;
  std::uint64_t seen = 0;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      std::memcpy(&word, from + i, 8);
      std::memcpy(to + i, &word, 8);
      seen |= word;
    }
    // The last eight bytes, some of which may have been copied.
    std::memcpy(&word, from + size - 8, 8);
    std::memcpy(to + size - 8, &word, 8);
    seen |= word;
  } else if (size >= 4) {
    std::uint32_t half = 0;
    std::memcpy(&half, from, 4);
    std::memcpy(to, &half, 4);
    seen = half;
    std::memcpy(&half, from + size - 4, 4);
    std::memcpy(to + size - 4, &half, 4);
    seen |= half;
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      to[i] = from[i];
      seen |= static_cast<unsigned char>(from[i]);
    }
  }
  return (seen & kHighBits) == 0 ? to + size : nullptr;
}

}  // namespace weft::codec::msgpack
