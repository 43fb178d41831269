#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "weft/base/utf8.h"

namespace weft::codec::json {

/// The first byte that does not stand for itself in a JSON string: a quote, a backslash, a control
/// character, or one of a character beyond ASCII. Looks at 16 bytes at a time.
inline const char* find_special(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Signed, so bytes from 0x80 on are below the space, too.
    const __m128i found =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  // Eight bytes in a word: the high bit of each that is special (and perhaps of ones above it).
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHigh = 0x8080808080808080;
    const auto zero = [](std::uint64_t value) { return (value - kOnes) & ~value; };
    const std::uint64_t found =
        ((word - kOnes * ' ') | word | zero(word ^ kOnes * '"') | zero(word ^ kOnes * '\\')) &
        kHigh;
    if (found != 0) return at + std::countr_zero(found) / 8;
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
