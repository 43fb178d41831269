#pragma once

#include <algorithm>
#include <string_view>

#include "weft/base/text/ascii.h"

namespace weft {

/// Of a token of HTTP (RFC 9110 section 5.6.2): methods, names of fields, keys of baggage.
constexpr bool is_token_character(char c) noexcept {
  return ascii::is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

}  // namespace weft
