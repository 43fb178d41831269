#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

/// A character of a text in UTF-8.
struct Utf8Character {
  char32_t code = 0;
  std::size_t size = 0;  ///< in bytes; 0: the text does not begin with one
};

/// The first character of `text`, which is not empty (RFC 3629: no overlong forms, no surrogates,
/// nothing above U+10FFFF).
Utf8Character first_character(std::string_view text) noexcept;

/// Whether `text` is UTF-8 from end to end.
bool is_utf8(std::string_view text) noexcept;

/// `text` with U+FFFD for each byte that is none of a character.
std::string to_utf8(std::string_view text);

}  // namespace weft
