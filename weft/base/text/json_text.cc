#include "weft/base/text/json_text.h"

#include "weft/base/text/printable.h"
#include "weft/base/text/utf8.h"

namespace weft {

char* put_json_escape(char c, char* to) noexcept {
  constexpr std::string_view kShort = "\"\\\n\t\r\b\f";
  constexpr std::string_view kLetters = "\"\\ntrbf";
  constexpr std::string_view kHex = "0123456789abcdef";
  *to++ = '\\';
  if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
    *to++ = kLetters[at];
    return to;
  }
  const auto code = static_cast<unsigned char>(c);
  for (const char digit : {'u', '0', '0', kHex[code >> 4], kHex[code & 15]}) *to++ = digit;
  return to;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : to_utf8(text)) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\') {
      out += c;
      continue;
    }
    char escape[kLongestJsonEscape];
    out.append(escape, put_json_escape(c, escape));
  }
  out += '"';
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return printable_json(out += '"');
}

}  // namespace weft
