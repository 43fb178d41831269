#include "weft/http2/hpack/field_characters.h"

#include "weft/base/text/characters.h"

namespace weft::http2 {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_valid_name(std::string_view name) noexcept {
  return !name.empty() && !has_character(name, [](Characters::Vector c) {
    return (c - 0x21 > 0x5d) | (c - 'A' < 26) | (c == ':');
  });
}

bool is_valid_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  if (is_blank(value.front()) || is_blank(value.back())) return false;
  if (all_between<' ', '~'>(value)) [[likely]]
    return true;
  return !has_character(
      value, [](Characters::Vector c) { return (c == '\0') | (c == '\r') | (c == '\n'); });
}

}  // namespace weft::http2
