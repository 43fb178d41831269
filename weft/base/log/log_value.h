#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

/// Bytes of a value that log_value() shows at most.
inline constexpr std::size_t kMostLogValue = 256;

/// A value for a log line of `name=value` fields (logfmt), so that text of a peer cannot end its
/// field and begin another. The text stays unquoted if it consists of visible ASCII characters
/// other than `"`, `=` and `\`. Otherwise it is in double quotes, with `"` and `\` behind a
/// backslash, and escaped as by printable(). What is longer than kMostLogValue is cut, and says so:
///
///     "/aaaaaaaa... (256 of 9000 bytes)"
std::string log_value(std::string_view value);

}  // namespace weft
