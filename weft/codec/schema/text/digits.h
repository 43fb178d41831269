#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace weft::codec {

// How whole numbers are written and read: six or eight digits at a time in one word. Inline,
// because lists of them are the loop that counts.

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

/// The three digits of each number below 1000, the first one lowest, each in a byte.
inline constexpr auto kThreeDigits = [] {
  std::array<std::uint32_t, 1000> out{};
  for (std::uint32_t i = 0; i < out.size(); ++i) out[i] = i / 100 | i / 10 % 10 << 8 | i % 10 << 16;
  return out;
}();

/// Of a value below 10^6; as put_up_to_eight(), at half of its cost.
inline char* put_up_to_six(std::uint64_t value, char* to) noexcept {
  const auto small = static_cast<std::uint32_t>(value);
  const std::uint64_t digits =
      kThreeDigits[small / 1000] | std::uint64_t{kThreeDigits[small % 1000]} << 24;
  const int zeros = std::countr_zero(digits | std::uint64_t{1} << 40) / 8;
  const std::uint64_t text = (digits | kZeros) >> 8 * zeros;
  std::memcpy(to, &text, 8);
  return to + 6 - zeros;
}

inline constexpr std::uint64_t kTenToSixth = 1'000'000;
inline constexpr std::uint64_t kTenToEighth = 100'000'000;

/// More than eight digits.
[[gnu::noinline]] inline char* put_many_digits(std::uint64_t value, char* to) noexcept {
  constexpr std::uint64_t kEight = kTenToEighth;
  if (value < kEight * kEight)
    return put_eight(value % kEight, put_up_to_eight(value / kEight, to));
  to = put_up_to_eight(value / (kEight * kEight), to);
  return put_eight(value % kEight, put_eight(value / kEight % kEight, to));
}

/// The digits of `value`. Up to 32 bytes are written at `to`, beyond the end that is returned.
inline char* put_unsigned(std::uint64_t value, char* to) noexcept {
  if (value < kTenToSixth) [[likely]]
    return put_up_to_six(value, to);
  if (value < kTenToEighth) return put_up_to_eight(value, to);
  return put_many_digits(value, to);
}

inline char* put_signed(std::int64_t value, char* to) noexcept {
  const bool negative = value < 0;
  *to = '-';
  to += negative ? 1 : 0;
  const auto bits = static_cast<std::uint64_t>(value);
  return put_unsigned(negative ? std::uint64_t{0} - bits : bits, to);
}

/// Eight characters at `at`, if all are digits: their value is put behind `digits`.
inline bool eat_eight_digits(const char*& at, const char* end, std::uint64_t& digits) noexcept {
  if (end - at < 8) return false;
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  // Digits are 0x30 to 0x39, and six more are below 0x40.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto high = [](std::uint64_t bytes) { return bytes & 0xf0 * kOnes; };
  if (high(word) != 0x30 * kOnes || high(word + 6 * kOnes) != 0x30 * kOnes) return false;
  // Neighbours are joined to two digits, then four, then eight; the first character is lowest.
  word = (word & 0x0f * kOnes) * (10 * 256 + 1) >> 8;
  word = (word & 0x00ff00ff00ff00ff) * (100 * 65536 + 1) >> 16;
  word = (word & 0x0000ffff0000ffff) * (10000 * (std::uint64_t{1} << 32) + 1) >> 32;
  digits = digits * 100'000'000 + word;
  at += 8;
  return true;
}

/// As many digits as there are; with more than 19 `digits` means nothing.
inline void eat_digits(const char*& at, const char* end, std::uint64_t& digits) noexcept {
  while (eat_eight_digits(at, end, digits)) continue;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    digits = digits * 10 + static_cast<unsigned>(*at - '0');
  }
}

}  // namespace weft::codec
