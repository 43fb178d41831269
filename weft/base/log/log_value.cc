#include "weft/base/log/log_value.h"

#include <algorithm>

#include "weft/base/text/printable.h"

namespace weft {
namespace {

bool is_bare(char c) noexcept { return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\'; }

/// The longest beginning of `value` within the limit that does not cut a character of UTF-8.
std::string_view beginning(std::string_view value) noexcept {
  std::size_t size = kMostLogValue;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(value[at]) & 0xc0) == 0x80;
  };
  // A character has three bytes at most behind its first.
  while (size > kMostLogValue - 3 && continues(size)) --size;
  return value.substr(0, size);
}

}  // namespace

std::string log_value(std::string_view value) {
  const bool cut = value.size() > kMostLogValue;
  if (!cut && !value.empty() && std::all_of(value.begin(), value.end(), is_bare)) {
    return std::string(value);
  }
  const std::string_view shown = cut ? beginning(value) : value;
  std::string quoted = "\"";
  for (const char c : shown) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  if (cut) {
    quoted +=
        "... (" + std::to_string(shown.size()) + " of " + std::to_string(value.size()) + " bytes)";
  }
  return printable(quoted += '"');
}

}  // namespace weft
