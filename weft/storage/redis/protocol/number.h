#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace weft::redis {

/// Reads a text that is a number as a whole, "+1" too, which RESP allows; false where it is none or
/// a T cannot hold it.
template <class T>
bool read_number(std::string_view text, T& into) noexcept {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace weft::redis
