#include "weft/codec/schema/text/base64.h"

#include <array>
#include <cstdint>

namespace weft::codec {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

std::uint8_t value_of(char c) noexcept { return kValues[static_cast<unsigned char>(c)]; }

std::string_view without_padding(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return text;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return text;
}

}  // namespace

void put_base64(std::string_view bytes, OutputBytes& out) {
  char* to = out.room(bytes.size() / 3 * 4 + 4);
  const auto byte = [&bytes](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(bytes[i])};
  };
  const auto put = [&to](std::uint32_t bits, int count) {
    for (int i = 0; i < count; ++i) *to++ = kAlphabet[bits >> (18 - 6 * i) & 63];
    for (int i = count; i < 4; ++i) *to++ = '=';
  };
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) put(byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2), 4);
  if (bytes.size() - at == 1) put(byte(at) << 16, 2);
  if (bytes.size() - at == 2) put(byte(at) << 16 | byte(at + 1) << 8, 3);
  out.set_end(to);
}

bool read_base64(std::string_view text, OutputBytes& out, std::size_t& bad) {
  const std::string_view digits = without_padding(text);
  char* to = out.room(digits.size() / 4 * 3 + 3);
  std::size_t at = 0;
  std::uint32_t bits = 0;
  for (; at + 4 <= digits.size(); at += 4) {
    const std::uint8_t a = value_of(digits[at]);
    const std::uint8_t b = value_of(digits[at + 1]);
    const std::uint8_t c = value_of(digits[at + 2]);
    const std::uint8_t d = value_of(digits[at + 3]);
    // The values have six bits, kNone has all.
    if (((a | b | c | d) & 0xc0U) != 0) break;
    bits = std::uint32_t{a} << 18 | std::uint32_t{b} << 12 | std::uint32_t{c} << 6 | d;
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  bits = 0;
  const std::size_t rest = digits.size() - at;
  for (std::size_t i = 0; i < rest; ++i) {
    const std::uint8_t value = value_of(digits[at + i]);
    if (value == kNone || rest == 1 || rest > 4) {
      bad = at + i;
      while (bad < digits.size() && value_of(digits[bad]) != kNone) ++bad;
      return false;
    }
    bits |= std::uint32_t{value} << (18 - 6 * i);
  }
  if (rest > 1) *to++ = static_cast<char>(bits >> 16);
  if (rest > 2) *to++ = static_cast<char>(bits >> 8);
  out.set_end(to);
  return true;
}

}  // namespace weft::codec
