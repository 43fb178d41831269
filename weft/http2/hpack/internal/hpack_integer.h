#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace weft::http2 {

/// Integers with a prefix of `prefix` bits (RFC 7541 section 5.1).

/// What is left of a header block.
struct HpackInput {
  const std::uint8_t* at;
  const std::uint8_t* end;

  bool empty() const noexcept { return at == end; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(end - at); }
};

/// Bytes after the prefix that are read at most: enough for 32 bits. An unbounded run of 0x80 bytes
/// adds nothing to the value and is an attack.
inline constexpr unsigned kMaxContinuation = 5;

inline const char* read_continuation(HpackInput& in, std::uint32_t& value) noexcept {
  std::uint64_t sum = value;
  for (unsigned i = 0; i < kMaxContinuation; ++i) {
    if (in.empty()) return "integer is cut off by the block's end";
    const std::uint8_t byte = *in.at++;
    sum += static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (sum > std::numeric_limits<std::uint32_t>::max()) return "integer is above 32 bits";
    if ((byte & 0x80) == 0) {
      value = static_cast<std::uint32_t>(sum);
      return nullptr;
    }
  }
  return "integer has more than 5 continuation bytes";
}

/// Reads the integer whose first byte is next; `in` is not empty. Returns null or what was wrong.
inline const char* read_integer(HpackInput& in, unsigned prefix, std::uint32_t& value) noexcept {
  const std::uint32_t mask = (1U << prefix) - 1;
  value = *in.at++ & mask;
  if (value < mask) return nullptr;
  return read_continuation(in, value);
}

/// Bytes that write_integer() writes at most.
inline constexpr std::size_t kMaxInteger = 6;

/// The bytes after a prefix of ones, where there are several: rare, and so out of line.
[[gnu::noinline]] inline std::uint8_t* write_continuation(std::uint8_t* out,
                                                          std::size_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

/// Writes `value`, below 2^32, with `pattern` in the bits above the prefix.
inline std::uint8_t* write_integer(std::uint8_t* out, unsigned prefix, std::uint8_t pattern,
                                   std::size_t value) noexcept {
  const std::size_t mask = (1U << prefix) - 1;
  if (value < mask) {
    *out++ = static_cast<std::uint8_t>(pattern | value);
    return out;
  }
  *out++ = static_cast<std::uint8_t>(pattern | mask);
  value -= mask;
  if (value >= 0x80) return write_continuation(out, value);
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

}  // namespace weft::http2
