#pragma once

#include <string>
#include <string_view>

namespace weft {

/// Text of a peer as a log, a terminal or a page may show it: valid UTF-8 on one line, without
/// characters that move the cursor, break the line, change the order of what is shown, or show
/// nothing. Escaped are Unicode's controls (Cc), format characters (Cf), line and paragraph
/// separators (Zl, Zp), noncharacters, and the code points that Unicode keeps for invisible
/// characters to come (Unicode 16.0):
///
///     \n \r \t       these three controls
///     \x1b           other ASCII controls, and each byte that is not UTF-8 (surrogates included)
///     \u009b         other characters up to U+FFFF
///     \U000e0001     characters above
///
/// A backslash is not escaped, so the text cannot be decoded; see log_value() for that.
std::string printable(std::string_view text);

/// As printable(), but newlines and tabs stay. For text that we lay out ourselves, and in which
/// what comes from a peer is printable() already.
std::string printable_lines(std::string_view text);

/// As printable(), for one JSON value without white space between its tokens: what is escaped
/// becomes \uXXXX, so that the value stays the same. Bytes that are not UTF-8, which JSON cannot
/// hold, become U+FFFD.
std::string printable_json(std::string_view json);

/// Whether printable() would return `text` unchanged. Does not allocate.
bool is_printable(std::string_view text) noexcept;

}  // namespace weft
