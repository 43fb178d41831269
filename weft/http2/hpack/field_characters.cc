#include "weft/http2/hpack/field_characters.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft::http2 {
namespace {

constexpr std::array<bool, 256> kNameCharacters = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) allowed[c] = (c < 'A' || c > 'Z') && c != ':';
  return allowed;
}();

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
bool is_forbidden(char c) noexcept { return c == '\0' || c == '\r' || c == '\n'; }

template <class Word>
Word load(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
/// Not zero where a byte of the word is below 0x20.
template <class Word>
Word controls(Word word) noexcept {
  constexpr Word kOnes = static_cast<Word>(0x0101010101010101);
  return (word - kOnes * 0x20) & ~word & (kOnes * 0x80);
}

/// Whether anything in `value` may be below 0x20; the last word overlaps the one before it.
bool may_have_controls(std::string_view value) noexcept {
  const char* const data = value.data();
  const std::size_t size = value.size();
  if (size >= 8) {
    std::uint64_t found = controls(load<std::uint64_t>(data + size - 8));
    for (std::size_t i = 0; i + 8 < size; i += 8) found |= controls(load<std::uint64_t>(data + i));
    return found != 0;
  }
  if (size >= 4) {
    return (controls(load<std::uint32_t>(data)) | controls(load<std::uint32_t>(data + size - 4))) !=
           0;
  }
  return true;
}

}  // namespace

bool is_valid_name(std::string_view name) noexcept {
  if (name.empty()) return false;
  for (const char c : name) {
    if (!kNameCharacters[static_cast<std::uint8_t>(c)]) return false;
  }
  return true;
}

// Controls are rare, so that they are looked for eight bytes at a time before each is looked at.
bool is_valid_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  if (is_blank(value.front()) || is_blank(value.back())) return false;
  if (!may_have_controls(value)) [[likely]]
    return true;
  return std::none_of(value.begin(), value.end(), is_forbidden);
}

}  // namespace weft::http2
