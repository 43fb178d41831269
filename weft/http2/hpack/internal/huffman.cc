#include "weft/http2/hpack/internal/huffman.h"

#include <array>
#include <bit>
#include <cstring>

namespace weft::http2 {
namespace {

constexpr std::size_t kSymbols = 257;
constexpr unsigned kEos = 256;
constexpr unsigned kLongest = 30;

/// Code lengths in bits by symbol, from RFC 7541 Appendix B; the last one is EOS. The code is
/// canonical (within a length, codes ascend with the symbol), so that the lengths define it.
constexpr std::array<std::uint8_t, kSymbols> kLengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  // 0
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  // 16
    6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,   // ' '
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10,  // '0'
    13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,   // '@'
    7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,   // 'P'
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,   // '`'
    6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28,  // 'p'
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  // 128
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  // 144
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  // 160
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  // 176
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  // 192
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  // 208
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  // 224
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  // 240
    30,
};

/// Codes up to this length are found by one look at the next bits; longer ones are rare in text.
constexpr unsigned kRootBits = 10;

struct Code {
  std::uint32_t bits;
  std::uint32_t length;
};

struct RootEntry {
  std::uint8_t symbol = 0;
  std::uint8_t length = 0;  // 0: the code is longer than kRootBits
};

/// Everything derived from kLengths, computed by the compiler.
struct Tables {
  std::array<Code, kSymbols> codes{};
  std::array<RootEntry, 1 << kRootBits> root{};
  // For the long codes. Symbols in order of their codes, and by length: the first code's place in
  // that order, the first code, and the first bit pattern (32 bits, left-aligned) of a longer one.
  std::array<std::uint16_t, kSymbols> order{};
  std::array<std::uint16_t, kLongest + 1> first_place{};
  std::array<std::uint32_t, kLongest + 1> first_code{};
  std::array<std::uint64_t, kLongest + 1> limit{};
  bool complete = false;
};

constexpr Tables make_tables() {
  Tables tables;
  std::uint32_t code = 0;
  std::uint16_t place = 0;
  for (unsigned length = 1; length <= kLongest; ++length) {
    code <<= 1;
    tables.first_place[length] = place;
    tables.first_code[length] = code;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLengths[symbol] != length) continue;
      tables.codes[symbol] = {code, length};
      tables.order[place++] = static_cast<std::uint16_t>(symbol);
      if (length <= kRootBits) {
        const unsigned shift = kRootBits - length;
        for (std::uint32_t tail = 0; tail < (1U << shift); ++tail) {
          tables.root[(code << shift) + tail] = {static_cast<std::uint8_t>(symbol),
                                                 static_cast<std::uint8_t>(length)};
        }
      }
      ++code;
    }
    tables.limit[length] = static_cast<std::uint64_t>(code) << (32 - length);
  }
  tables.complete = code == 1U << kLongest;
  return tables;
}

constexpr Tables kTables = make_tables();
static_assert(kTables.complete, "every bit pattern must begin with exactly one code");
// Spot checks against the RFC's table: '0', 'z', NUL, and EOS as all ones.
static_assert(kTables.codes['0'].bits == 0x0 && kTables.codes['z'].bits == 0x7b);
static_assert(kTables.codes[0].bits == 0x1ff8 && kTables.codes[kEos].bits == 0x3fffffff);

struct Symbol {
  unsigned value;
  unsigned length;
};

/// The symbol whose code the left-aligned bits begin with, for codes beyond the root table.
[[gnu::noinline]] Symbol long_symbol(std::uint32_t bits) noexcept {
  unsigned length = kRootBits + 1;
  while (bits >= kTables.limit[length]) ++length;
  const std::uint32_t code = bits >> (32 - length);
  const std::uint32_t place = kTables.first_place[length] + (code - kTables.first_code[length]);
  return {kTables.order[place], length};
}

inline Symbol next_symbol(std::uint64_t window) noexcept {
  const RootEntry entry = kTables.root[window >> (64 - kRootBits)];
  if (entry.length != 0) [[likely]] {
    return {entry.symbol, entry.length};
  }
  return long_symbol(static_cast<std::uint32_t>(window >> 32));
}

std::uint64_t load_big_endian(const std::uint8_t* in) noexcept {
  std::uint64_t word;
  std::memcpy(&word, in, sizeof(word));
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return word;
}

constexpr const char* kEosError = "Huffman-coded string contains EOS";
constexpr const char* kPaddingError =
    "Huffman-coded string ends in padding of more than 7 bits or other than ones";

}  // namespace

std::size_t huffman_size(std::string_view text) noexcept {
  std::size_t bits = 0;
  for (const char c : text) bits += kLengths[static_cast<unsigned char>(c)];
  return (bits + 7) / 8;
}

std::uint8_t* huffman_encode(std::string_view text, std::uint8_t* out) noexcept {
  std::uint64_t window = 0;  // the lowest `count` bits wait to be written
  unsigned count = 0;
  for (const char c : text) {
    const Code code = kTables.codes[static_cast<unsigned char>(c)];
    window = window << code.length | code.bits;
    count += code.length;
    if (count >= 32) {
      count -= 32;
      std::uint32_t word = static_cast<std::uint32_t>(window >> count);
      if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap32(word);
      std::memcpy(out, &word, sizeof(word));
      out += sizeof(word);
    }
  }
  while (count >= 8) {
    count -= 8;
    *out++ = static_cast<std::uint8_t>(window >> count);
  }
  if (count > 0) {
    *out++ = static_cast<std::uint8_t>(window << (8 - count) | 0xffU >> count);
  }
  return out;
}

HuffmanResult huffman_decode(std::span<const std::uint8_t> in, char* out) noexcept {
  const std::uint8_t* at = in.data();
  const std::uint8_t* const end = at + in.size();
  std::uint64_t window = 0;  // the highest `count` bits come next
  unsigned count = 0;
  for (;;) {
    if (end - at >= 8) {
      // Bits beyond `count` are those of the bytes that follow, so reading them twice is harmless.
      window |= load_big_endian(at) >> count;
      const unsigned bytes = (63 - count) / 8;
      at += bytes;
      count += bytes * 8;
    } else {
      for (; count <= 56 && at != end; count += 8) {
        window |= static_cast<std::uint64_t>(*at++) << (56 - count);
      }
    }
    if (count < kLongest) break;
    // Five short codes have 50 bits at most; one that is long, and what follows it, comes below.
    if (count >= 5 * kRootBits) {
      for (int i = 0; i < 5; ++i) {
        const RootEntry entry = kTables.root[window >> (64 - kRootBits)];
        if (entry.length == 0) [[unlikely]]
          break;
        *out++ = static_cast<char>(entry.symbol);
        window <<= entry.length;
        count -= entry.length;
      }
    }
    while (count >= kLongest) {
      const Symbol symbol = next_symbol(window);
      if (symbol.value == kEos) [[unlikely]] {
        return {.error = kEosError};
      }
      *out++ = static_cast<char>(symbol.value);
      window <<= symbol.length;
      count -= symbol.length;
    }
  }
  while (count > 0) {
    const Symbol symbol = next_symbol(window);
    if (symbol.length > count) break;
    // EOS has 30 bits and fewer are left.
    *out++ = static_cast<char>(symbol.value);
    window <<= symbol.length;
    count -= symbol.length;
  }
  if (count > 7 || (count > 0 && window >> (64 - count) != (1U << count) - 1)) {
    return {.error = kPaddingError};
  }
  return {.end = out};
}

}  // namespace weft::http2
