#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft::codec::msgpack {

/// The first byte of each value (github.com/msgpack/msgpack, spec.md). Numbers behind it are in
/// network order.
///
///     00-7f positive integer    80-8f map     90-9f list    a0-bf string    e0-ff negative integer
enum Code : std::uint8_t {
  kFixMap = 0x80,
  kFixArray = 0x90,
  kFixString = 0xa0,
  kNil = 0xc0,
  kNeverUsed = 0xc1,
  kFalse = 0xc2,
  kTrue = 0xc3,
  kBin8 = 0xc4,
  kBin16 = 0xc5,
  kBin32 = 0xc6,
  kExt8 = 0xc7,
  kExt16 = 0xc8,
  kExt32 = 0xc9,
  kFloat32 = 0xca,
  kFloat64 = 0xcb,
  kUInt8 = 0xcc,
  kUInt16 = 0xcd,
  kUInt32 = 0xce,
  kUInt64 = 0xcf,
  kInt8 = 0xd0,
  kInt16 = 0xd1,
  kInt32 = 0xd2,
  kInt64 = 0xd3,
  kFixExt1 = 0xd4,
  kFixExt4 = 0xd6,
  kFixExt8 = 0xd7,
  kFixExt16 = 0xd8,
  kString8 = 0xd9,
  kString16 = 0xda,
  kString32 = 0xdb,
  kArray16 = 0xdc,
  kArray32 = 0xdd,
  kMap16 = 0xde,
  kMap32 = 0xdf,
  kLeastNegativeFix = 0xe0,
};

/// Lists and maps in each other, whatever the options ask for.
inline constexpr int kDeepest = 1000;

/// The extension type of a time, -1.
inline constexpr std::uint8_t kTimestampType = 0xff;

constexpr std::uint8_t swapped(std::uint8_t value) noexcept { return value; }
constexpr std::uint16_t swapped(std::uint16_t value) noexcept { return __builtin_bswap16(value); }
constexpr std::uint32_t swapped(std::uint32_t value) noexcept { return __builtin_bswap32(value); }
constexpr std::uint64_t swapped(std::uint64_t value) noexcept { return __builtin_bswap64(value); }

template <class T>
char* put_big(T value, char* to) noexcept {
  static_assert(std::endian::native == std::endian::little);
  value = swapped(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}
template <class T>
T get_big(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return swapped(value);
}

template <class T>
char* put_coded(Code code, T value, char* to) noexcept {
  *to = static_cast<char>(code);
  return put_big(value, to + 1);
}

/// The shortest form, at most 9 bytes; the same for the functions below.
inline char* put_unsigned(std::uint64_t value, char* to) noexcept {
  if (value < 0x80) {
    *to = static_cast<char>(value);
    return to + 1;
  }
  if (value <= UINT8_MAX) return put_coded(kUInt8, static_cast<std::uint8_t>(value), to);
  if (value <= UINT16_MAX) return put_coded(kUInt16, static_cast<std::uint16_t>(value), to);
  if (value <= UINT32_MAX) return put_coded(kUInt32, static_cast<std::uint32_t>(value), to);
  return put_coded(kUInt64, value, to);
}

inline char* put_signed(std::int64_t value, char* to) noexcept {
  if (value >= 0) return put_unsigned(static_cast<std::uint64_t>(value), to);
  if (value >= -32) {
    *to = static_cast<char>(value);
    return to + 1;
  }
  if (value >= INT8_MIN) return put_coded(kInt8, static_cast<std::uint8_t>(value), to);
  if (value >= INT16_MIN) return put_coded(kInt16, static_cast<std::uint16_t>(value), to);
  if (value >= INT32_MIN) return put_coded(kInt32, static_cast<std::uint32_t>(value), to);
  return put_coded(kInt64, static_cast<std::uint64_t>(value), to);
}

inline char* put_string_head(std::size_t size, char* to) noexcept {
  if (size < 32) {
    *to = static_cast<char>(kFixString | size);
    return to + 1;
  }
  if (size <= UINT8_MAX) return put_coded(kString8, static_cast<std::uint8_t>(size), to);
  if (size <= UINT16_MAX) return put_coded(kString16, static_cast<std::uint16_t>(size), to);
  return put_coded(kString32, static_cast<std::uint32_t>(size), to);
}

inline char* put_bin_head(std::size_t size, char* to) noexcept {
  if (size <= UINT8_MAX) return put_coded(kBin8, static_cast<std::uint8_t>(size), to);
  if (size <= UINT16_MAX) return put_coded(kBin16, static_cast<std::uint16_t>(size), to);
  return put_coded(kBin32, static_cast<std::uint32_t>(size), to);
}

/// A list or a map has `fix` for up to 15 elements and `code16` beyond; the code for 32 bits is the
/// next one.
inline char* put_count(Code fix, Code code16, std::uint64_t count, char* to) noexcept {
  if (count < 16) {
    *to = static_cast<char>(fix | count);
    return to + 1;
  }
  if (count <= UINT16_MAX) return put_coded(code16, static_cast<std::uint16_t>(count), to);
  return put_coded(static_cast<Code>(code16 + 1), static_cast<std::uint32_t>(count), to);
}
inline std::size_t count_size(std::uint64_t count) noexcept {
  if (count < 16) return 1;
  return count <= UINT16_MAX ? 3 : 5;
}

}  // namespace weft::codec::msgpack
