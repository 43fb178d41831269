#include "weft/codec/xml/internal/characters.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "weft/base/text/utf8.h"
#include "weft/codec/schema/text/utf8_text.h"
#include "weft/codec/schema/text_check.h"

namespace weft::codec::xml {
namespace {

// Bytes by what they need; the greater one decides for a text.
constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kReference = 1;
constexpr std::uint8_t kPerhapsNone = 2;  // the first of U+FFFE and U+FFFF
constexpr std::uint8_t kNone = 3;

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < ' '; ++i) classes[i] = kNone;
  classes['\t'] = classes['\n'] = kPlain;
  for (const char c : {'\r', '<', '>', '&'}) classes[static_cast<unsigned char>(c)] = kReference;
  classes[0xef] = kPerhapsNone;
  return classes;
}();

std::uint8_t class_of(char c) noexcept { return kClasses[static_cast<unsigned char>(c)]; }

/// U+FFFE or U+FFFF begins at `at`.
bool is_noncharacter(std::string_view text, std::size_t at) noexcept {
  const std::string_view character = text.substr(at, 3);
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

bool is_character(std::uint32_t code) noexcept {
  if (code < ' ') return code == '\t' || code == '\n' || code == '\r';
  return (code < 0xd800 || code >= 0xe000) && code != 0xfffe && code != 0xffff && code < 0x110000;
}

std::string_view reference_of(char c) noexcept {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#13;";
    case '\n':
      return "&#10;";
    case '\t':
      return "&#9;";
    default:
      return {};
  }
}

/// The text, with references for the characters that `needs_reference` tells.
template <class Needs>
void put_escaped(std::string_view text, OutputBytes& out, Needs needs_reference) {
  while (true) {
    const auto* const at = std::find_if(text.begin(), text.end(), needs_reference);
    const auto size = static_cast<std::size_t>(at - text.begin());
    out.put(text.substr(0, size));
    if (size == text.size()) return;
    out.put(reference_of(text[size]));
    text.remove_prefix(size + 1);
  }
}

/// The character of a reference's name, "amp" or "#x41"; 0 for none.
std::uint32_t character_of(std::string_view name) noexcept {
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "amp") return '&';
  if (name == "quot") return '"';
  if (name == "apos") return '\'';
  if (!name.starts_with('#')) return 0;
  const bool hexadecimal = name.starts_with("#x");
  name.remove_prefix(hexadecimal ? 2 : 1);
  std::uint32_t code = 0;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data(), end, code, hexadecimal ? 16 : 10);
  const bool is_number = error == std::errc() && at == end && !name.empty();
  return is_number && is_character(code) ? code : 0;
}

}  // namespace

TextKind kind_of(std::string_view text) noexcept {
  if (!is_text(text)) return TextKind::NotUtf8;
  std::uint8_t most = kPlain;
  for (const char c : text) most = std::max(most, class_of(c));
  if (most == kPerhapsNone) {
    // Nothing worse, so what is left to see is whether there are references.
    if (find_bad_character(text) != text.size()) return TextKind::NotXml;
    return TextKind::Escaped;
  }
  return most == kNone ? TextKind::NotXml : most == kPlain ? TextKind::Plain : TextKind::Escaped;
}

std::size_t find_bad_character(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if (class_of(text[at]) == kNone) return at;
      ++at;
      continue;
    }
    const std::size_t size = first_character(text.substr(at)).size;
    if (size == 0 || is_noncharacter(text, at)) return at;
    at += size;
  }
  return text.size();
}

void put_text(std::string_view text, OutputBytes& out) {
  put_escaped(text, out, [](char c) { return class_of(c) == kReference; });
}

void put_attribute(std::string_view text, OutputBytes& out) {
  put_escaped(text, out, [](char c) { return !reference_of(c).empty(); });
}

bool decode_text(std::string_view text, TextPlace place, OutputBytes& out, std::size_t& bad) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r') {
      if (at + 1 == text.size() || text[at + 1] != '\n') {
        out.put(place == TextPlace::Element ? '\n' : ' ');
      }
    } else if (c != '&') {
      out.put(place == TextPlace::Attribute && is_white(c) ? ' ' : c);
    } else {
      const std::size_t end = text.find(';', at);
      const std::uint32_t code =
          end == std::string_view::npos ? 0 : character_of(text.substr(at + 1, end - at - 1));
      bad = at;
      if (code == 0) return false;
      put_utf8(code, out);
      at = end;
    }
  }
  return true;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace weft::codec::xml
