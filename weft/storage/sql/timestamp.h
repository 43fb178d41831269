#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weft::sql {

/// A moment in UTC, with the precision that PostgreSQL keeps.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// "2026-12-02T04:40:00.123456Z" (RFC 3339), always with six digits of a second, so that the order
/// of texts is that of times from year 0 to 9999. Years outside of these are cut to them.
std::string to_text(Timestamp time);

/// Reads RFC 3339 and what SQLite and PostgreSQL write: a space for the T, no seconds or up to nine
/// digits of a fraction (cut to six), "Z", "+05:30", "+05", or nothing, which is UTC. Nothing where
/// the text is no such time, names a day that its month has not, or is before year 0 or after 9999.
std::optional<Timestamp> timestamp_of(std::string_view text) noexcept;

}  // namespace weft::sql
