#include "weft/base/text/number_text.h"

#include <array>
#include <charconv>
#include <string_view>

namespace weft {
namespace {

constexpr int kDigits = 6;
constexpr int kMostDecimals = 20;

// The longest is -1.8e308 in full, with its decimals.
using Room = std::array<char, 340>;

}  // namespace

std::string number_text(double value) {
  Room room;
  char* const end = room.data() + room.size();
  return {room.data(),
          std::to_chars(room.data(), end, value, std::chars_format::general, kDigits).ptr};
}

std::string number_text(double value, int decimals) {
  Room room;
  char* const end = room.data() + room.size();
  const int kept = decimals < kMostDecimals ? decimals : kMostDecimals;
  return {room.data(), std::to_chars(room.data(), end, value, std::chars_format::fixed, kept).ptr};
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

}  // namespace weft
