#include "weft/base/text/text_cut.h"

namespace weft {
namespace {

constexpr std::size_t kLongestCharacter = 4;

bool continues_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  for (std::size_t back = 0; back < kLongestCharacter && end > 0; ++back, --end) {
    if (!continues_character(text[end])) return text.substr(0, end);
  }
  return text.substr(0, limit);
}

std::string cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  return std::string(utf8_prefix(text, limit))
      .append("... (")
      .append(std::to_string(text.size()))
      .append(" bytes)");
}

}  // namespace weft
