#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "weft/base/text/utf8.h"

namespace weft::codec {

/// is_utf8(), fast where most characters are ASCII: it looks at 8 to 32 bytes at a time.
inline bool is_text(std::string_view text) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  while (!text.empty()) {
    std::uint64_t word = 0;
    std::uint64_t words[4];
    while (text.size() >= sizeof words) {
      std::memcpy(words, text.data(), sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
      text.remove_prefix(sizeof words);
    }
    if (text.empty()) break;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & kHighBits) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const std::size_t size =
        static_cast<unsigned char>(text.front()) < 0x80 ? 1 : first_character(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace weft::codec
