#pragma once

#include <string_view>

namespace weft::http2 {

/// RFC 9113 section 8.2.1: "A field name MUST NOT contain characters in the ranges 0x00-0x20,
/// 0x41-0x5a, or 0x7f-0xff (all ranges inclusive)", nor ':' but for a pseudo-header's first, which
/// is not asked of this.
bool is_valid_name(std::string_view name) noexcept;

/// Section 8.2.1: no NUL, CR or LF anywhere, no space or tab at either end.
bool is_valid_value(std::string_view value) noexcept;

}  // namespace weft::http2
