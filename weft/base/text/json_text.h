#pragma once

#include <string>
#include <string_view>

namespace weft {

/// Room that an escape takes at most.
inline constexpr int kLongestJsonEscape = 6;

/// Writes `c`, a quote, a backslash or a control character, as it has to stand in a JSON string
/// (RFC 8259 section 7): `\"`, `\n`, `\u001f`. Returns the end.
char* put_json_escape(char c, char* to) noexcept;

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// `text` as a JSON string that is safe to show: see printable_json().
std::string json_quoted(std::string_view text);

}  // namespace weft
