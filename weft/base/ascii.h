#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Letters and digits of ASCII in every locale of the program: <cctype> asks that, and in a Turkish
/// one the capital of 'i' is no 'I'. For protocols, configs and names.
namespace weft::ascii {

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(char c) noexcept {
  return is_lower(c) || is_upper(c) || is_digit(c);
}

constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

inline std::string lower(std::string text) {
  for (char& c : text) c = lower(c);
  return text;
}
inline std::string upper(std::string text) {
  for (char& c : text) c = upper(c);
  return text;
}

constexpr bool equal_without_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace weft::ascii
