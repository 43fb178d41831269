#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "weft/base/text/utf8.h"

namespace weft::codec::json {

/// The high bit of each byte of `word` that find_special() looks for; of the ones above the first
/// it may be set without a reason.
inline std::uint64_t specials(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto zero = [](std::uint64_t value) { return (value - kOnes) & ~value; };
  return ((word - kOnes * ' ') | word | zero(word ^ kOnes * '"') | zero(word ^ kOnes * '\\')) &
         kHigh;
}

/// Bytes that first_special() looks at.
#if defined(__SSE2__)
inline constexpr int kBlock = 16;
#else
inline constexpr int kBlock = 8;
#endif

/// Where in the block at `at` the first byte is that find_special() looks for; kBlock: nowhere. The
/// block is copied to `to`, which may be null.
inline int first_special(const char* at, char* to) noexcept {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  if (to != nullptr) _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  // Signed, so bytes from 0x80 on are below the space, too.
  const __m128i found = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')),
                                     _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  // A bit beyond the block ends the search.
  return std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(found)) | 1U << kBlock);
#else
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if (to != nullptr) std::memcpy(to, &word, sizeof word);
  return std::countr_zero(specials(word)) / 8;
#endif
}

/// The first byte that does not stand for itself in a JSON string: a quote, a backslash, a control
/// character, or one of a character beyond ASCII.
inline const char* find_special(const char* at, const char* end) noexcept {
  for (; end - at >= kBlock; at += kBlock) {
    const int found = first_special(at, nullptr);
    if (found != kBlock) return at + found;
  }
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    if (const std::uint64_t found = specials(word); found != 0) {
      return at + std::countr_zero(found) / 8;
    }
    // Then the last eight, some of which are looked at twice.
    at = end - at >= 16 || end - at == 8 ? at + 8 : end - 8;
  }
  const auto left = static_cast<int>(end - at);
  if (left >= 4) {
    // Both halves in one word, whose bytes behind them are zeros, and so special.
    std::uint32_t head = 0;
    std::uint32_t tail = 0;
    std::memcpy(&head, at, 4);
    std::memcpy(&tail, end - 4, 4);
    const std::uint64_t word = head | std::uint64_t{tail} << 8 * (left - 4);
    return at + std::min(left, std::countr_zero(specials(word)) / 8);
  }
  for (; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < ' ' || byte >= 0x80 || byte == '"' || byte == '\\') break;
  }
  return at;
}

/// Bytes of the character beyond ASCII that begins at `at`; 0: it is not UTF-8.
inline std::size_t character_size(const char* at, const char* end) noexcept {
  const auto left = static_cast<std::size_t>(end - at);
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned char first = byte(0);
  if (first < 0xe0 && first >= 0xc2) return left >= 2 && follows(1) ? 2 : 0;
  // 0xe0 and 0xed have rules of their own (overlong forms, surrogates).
  if (first > 0xe0 && first < 0xf0 && first != 0xed) {
    return left >= 3 && follows(1) && follows(2) ? 3 : 0;
  }
  return first_character(std::string_view(at, left)).size;
}

/// As find_special(), but passes over characters beyond ASCII that are UTF-8: ends at a quote, a
/// backslash, a control character or a byte that is not UTF-8.
inline const char* find_text_end(const char* at, const char* end) noexcept {
  while (true) {
    at = find_special(at, end);
    if (at == end || static_cast<unsigned char>(*at) < 0x80) return at;
    do {
      const std::size_t size = character_size(at, end);
      if (size == 0) return at;
      at += size;
    } while (at != end && static_cast<unsigned char>(*at) >= 0x80);
  }
}

}  // namespace weft::codec::json
