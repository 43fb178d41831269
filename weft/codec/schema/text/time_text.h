#pragma once

#include <string_view>

#include "weft/codec/schema/time.h"

namespace weft::codec {

/// Room that a time or a duration takes at most as text.
inline constexpr int kLongestTime = 40;

/// As text, of what is_in_range(): "2026-01-02T03:04:05.006Z" (RFC 3339) or "1.5s", with 0, 3, 6 or
/// 9 digits behind the point. Returns the end.
char* put_time(WellKnown type, const Seconds& time, char* to) noexcept;

/// A Timestamp has "Z" or an offset, both have up to 9 digits behind the point. False where `text`
/// is none, or out of range.
bool read_time(WellKnown type, std::string_view text, Seconds& out) noexcept;

/// What read_time() wants, for an error: `a time such as "2026-12-31T23:59:59.5Z"`.
std::string_view time_form(WellKnown type) noexcept;
/// The values of that form: " from 0001-01-01T00:00:00Z to ...".
std::string_view time_range(WellKnown type) noexcept;

}  // namespace weft::codec
