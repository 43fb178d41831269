#include "weft/security/jwt/internal/base64url.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::security::internal {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kSextet = 6;
constexpr unsigned kByte = 8;
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

std::optional<std::string> read_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
    if (value == kNone) return std::nullopt;
    held = (held << kSextet) | value;
    bits += kSextet;
    if (bits < kByte) continue;
    bits -= kByte;
    bytes.push_back(static_cast<char>(held >> bits));
    held &= (1U << bits) - 1;
  }
  // One character alone is no byte, and what is left over is zero (RFC 4648 section 3.5).
  if (bits == kSextet || held != 0) return std::nullopt;
  return bytes;
}

}  // namespace weft::security::internal
