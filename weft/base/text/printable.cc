#include "weft/base/text/printable.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "weft/base/text/utf8.h"

namespace weft {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// What is escaped, by General_Category of Unicode 16.0 (DerivedGeneralCategory.txt), in order.
// tests/scripts/unicode_test.py compares it with the data that Python has.
constexpr Range kUnprintable[] = {
    {0x0000, 0x001f},    // Cc, C0
    {0x007f, 0x009f},    // Cc, DEL and C1
    {0x00ad, 0x00ad},    // Cf, soft hyphen
    {0x0600, 0x0605},    // Cf, Arabic number signs
    {0x061c, 0x061c},    // Cf, Arabic letter mark
    {0x06dd, 0x06dd},    // Cf, Arabic end of ayah
    {0x070f, 0x070f},    // Cf, Syriac abbreviation mark
    {0x0890, 0x0891},    // Cf, Arabic pound and piastre marks above
    {0x08e2, 0x08e2},    // Cf, Arabic disputed end of ayah
    {0x180e, 0x180e},    // Cf, Mongolian vowel separator
    {0x200b, 0x200f},    // Cf, zero width characters, left-to-right and right-to-left marks
    {0x2028, 0x202e},    // Zl, Zp, and Cf: bidirectional embeddings and overrides
    {0x2060, 0x206f},    // Cf, invisible operators, bidirectional isolates; U+2065 is kept for one
    {0xfdd0, 0xfdef},    // noncharacters
    {0xfeff, 0xfeff},    // Cf, byte order mark
    {0xfff0, 0xfffb},    // kept for invisible characters; Cf, interlinear annotations
    {0x110bd, 0x110bd},  // Cf, Kaithi number sign
    {0x110cd, 0x110cd},  // Cf, Kaithi number sign above
    {0x13430, 0x1343f},  // Cf, Egyptian hieroglyph format controls
    {0x1bca0, 0x1bca3},  // Cf, shorthand format controls
    {0x1d173, 0x1d17a},  // Cf, musical symbol format controls
    {0xe0000, 0xe0fff},  // Cf, tags; the rest of the plane's block is kept for invisible characters
};

bool is_unprintable(char32_t code) noexcept {
  // The last two of each plane are noncharacters.
  if ((code & 0xfffe) == 0xfffe) return true;
  const Range* const at =
      std::lower_bound(std::begin(kUnprintable), std::end(kUnprintable), code,
                       [](const Range& range, char32_t value) { return range.last < value; });
  return at != std::end(kUnprintable) && at->first <= code;
}

bool is_plain_ascii(char c) noexcept { return c >= 0x20 && c < 0x7f; }

void append_hex(std::string& out, std::string_view prefix, char32_t value, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[value >> shift & 15];
}

enum class Form : std::uint8_t { Line, Lines, Json };

void append_text_escape(std::string& out, char32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x80) {
    append_hex(out, "\\x", code, 2);
  } else if (code <= 0xffff) {
    append_hex(out, "\\u", code, 4);
  } else {
    append_hex(out, "\\U", code, 8);
  }
}

void append_json_escape(std::string& out, char32_t code) {
  if (code <= 0xffff) return append_hex(out, "\\u", code, 4);
  // RFC 8259 section 7: a surrogate pair.
  append_hex(out, "\\u", 0xd800 + ((code - 0x10000) >> 10), 4);
  append_hex(out, "\\u", 0xdc00 + ((code - 0x10000) & 0x3ff), 4);
}

bool stays(char32_t code, Form form) noexcept {
  return !is_unprintable(code) || (form == Form::Lines && (code == '\n' || code == '\t'));
}

std::string escaped(std::string_view text, Form form) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    if (character.size == 0 && form == Form::Json) {
      out += "\\ufffd";
    } else if (character.size == 0) {
      append_hex(out, "\\x", static_cast<unsigned char>(text.front()), 2);
    } else if (stays(character.code, form)) {
      out += text.substr(0, character.size);
    } else if (form == Form::Json) {
      append_json_escape(out, character.code);
    } else {
      append_text_escape(out, character.code);
    }
    text.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, Form::Line); }
std::string printable_lines(std::string_view text) { return escaped(text, Form::Lines); }
std::string printable_json(std::string_view json) { return escaped(json, Form::Json); }

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    if (is_plain_ascii(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    const Utf8Character character = first_character(text);
    if (character.size == 0 || is_unprintable(character.code)) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

}  // namespace weft
