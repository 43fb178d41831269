#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace weft::codec {

// How whole numbers are written: eight digits at a time in one word, without a branch on how many
// there are. Inline, because lists of them are the loop that counts.

/// The eight digits of a value below 10^8, the first one lowest, each in a byte.
inline std::uint64_t eight_digits(std::uint64_t value) noexcept {
  // Split into four digits, two and one; the factors divide by 100 and by 10 with a shift.
  std::uint64_t word = value / 10'000 | value % 10'000 << 32;
  std::uint64_t high = (word * 10'486 >> 20) & 0x0000007f0000007f;
  word = high | (word - high * 100) << 16;
  high = (word * 103 >> 10) & 0x000f000f000f000f;
  return high | (word - high * 10) << 8;
}

inline constexpr std::uint64_t kZeros = 0x3030303030303030;

inline char* put_eight(std::uint64_t value, char* to) noexcept {
  const std::uint64_t text = eight_digits(value) | kZeros;
  std::memcpy(to, &text, 8);
  return to + 8;
}

/// Without leading zeros and without a branch on how many there are.
inline char* put_up_to_eight(std::uint64_t value, char* to) noexcept {
  const std::uint64_t digits = eight_digits(value);
  const int zeros = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;
  const std::uint64_t text = (digits | kZeros) >> 8 * zeros;
  std::memcpy(to, &text, 8);
  return to + 8 - zeros;
}

/// The digits of `value`. Up to 32 bytes are written at `to`, beyond the end that is returned.
inline char* put_unsigned(std::uint64_t value, char* to) noexcept {
  constexpr std::uint64_t kEight = 100'000'000;
  if (value < kEight) [[likely]]
    return put_up_to_eight(value, to);
  if (value < kEight * kEight)
    return put_eight(value % kEight, put_up_to_eight(value / kEight, to));
  to = put_up_to_eight(value / (kEight * kEight), to);
  return put_eight(value % kEight, put_eight(value / kEight % kEight, to));
}

inline char* put_signed(std::int64_t value, char* to) noexcept {
  const bool negative = value < 0;
  *to = '-';
  to += negative ? 1 : 0;
  const auto bits = static_cast<std::uint64_t>(value);
  return put_unsigned(negative ? std::uint64_t{0} - bits : bits, to);
}

}  // namespace weft::codec
