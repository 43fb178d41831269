#include <array>
#include <cstdint>

#include "weft/base/text/ascii.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {

namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNotBase64 = 0xff;

constexpr std::array<std::uint8_t, 256> make_reverse() {
  std::array<std::uint8_t, 256> reverse{};
  reverse.fill(kNotBase64);
  for (std::size_t i = 0; i < kBase64.size(); ++i) {
    reverse[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
  }
  return reverse;
}
constexpr std::array<std::uint8_t, 256> kBase64Reverse = make_reverse();

constexpr std::uint32_t byte(char c) noexcept { return static_cast<unsigned char>(c); }
constexpr std::uint32_t digit(char c) noexcept { return kBase64Reverse[byte(c)]; }

bool stands_for_itself(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != '%'; }

/// A byte of UTF-8 that no character begins with.
bool continues_character(char c) noexcept { return (byte(c) & 0xc0) == 0x80; }

/// Takes away the padding; false when it is not what the length asks for.
bool strip_padding(std::string_view& text) noexcept {
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (padding != 0 && text.size() % 4 != 0) return false;
  text.remove_suffix(padding);
  return text.size() % 4 != 1;
}

}  // namespace

void percent_encode(std::string_view text, std::string& out) {
  for (char c : text) {
    if (stands_for_itself(c)) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte(c) >> 4];
      out += kHex[byte(c) & 15];
    }
  }
}

EncodedPrefix percent_encoded_prefix(std::string_view text, std::size_t room) noexcept {
  EncodedPrefix whole;  // up to the end of a character
  EncodedPrefix at;
  while (at.text < text.size()) {
    at.encoded += stands_for_itself(text[at.text]) ? 1 : 3;
    if (at.encoded > room) return whole;
    ++at.text;
    if (at.text == text.size() || !continues_character(text[at.text])) whole = at;
  }
  return whole;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        ascii::hex_value(text[i + 1]) >= 0 && ascii::hex_value(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(ascii::hex_value(text[i + 1]) << 4 | ascii::hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

void base64_encode(std::string_view bytes, std::string& out) {
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits = byte(bytes[i]) << 16 | byte(bytes[i + 1]) << 8 | byte(bytes[i + 2]);
    const char four[] = {kBase64[bits >> 18], kBase64[bits >> 12 & 63], kBase64[bits >> 6 & 63],
                         kBase64[bits & 63]};
    out.append(four, sizeof four);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return;
  const std::uint32_t bits = byte(bytes[i]) << 16 | (rest == 2 ? byte(bytes[i + 1]) << 8 : 0);
  out += kBase64[bits >> 18];
  out += kBase64[bits >> 12 & 63];
  if (rest == 2) out += kBase64[bits >> 6 & 63];
}

bool base64_decode(std::string_view text, std::string& out) {
  if (!strip_padding(text)) return false;
  const std::size_t before = out.size();
  std::uint32_t bits = 0;
  std::uint32_t seen = 0;  // every digit or-ed together: a foreign one sets the high bits
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = digit(text[i]);
    const std::uint32_t b = digit(text[i + 1]);
    const std::uint32_t c = digit(text[i + 2]);
    const std::uint32_t d = digit(text[i + 3]);
    seen |= a | b | c | d;
    bits = a << 18 | b << 12 | c << 6 | d;
    const char three[] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                          static_cast<char>(bits)};
    out.append(three, sizeof three);
  }
  if (const std::size_t rest = text.size() - i; rest != 0) {
    const std::uint32_t a = digit(text[i]);
    const std::uint32_t b = digit(text[i + 1]);
    const std::uint32_t c = rest == 3 ? digit(text[i + 2]) : 0;
    seen |= a | b | c;
    // Left-over bits are ignored, as most libraries do: they carry nothing.
    bits = a << 18 | b << 12 | c << 6;
    out += static_cast<char>(bits >> 16);
    if (rest == 3) out += static_cast<char>(bits >> 8);
  }
  if (seen < 64) return true;
  out.resize(before);
  return false;
}

}  // namespace weft::rpc
