#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weft {

/// A day of the calendar that ISO 8601 has.
struct UtcDate {
  std::int64_t year = 0;
  int month = 0;  ///< from 1
  int day = 0;    ///< from 1
};

/// Of a day since 1970-01-01.
UtcDate utc_date(std::int64_t days) noexcept;

/// Writes a second since 1970 as RFC 3339 has it without its fraction: "2026-12-02T04:40:00", 19
/// bytes. From year 0 to 9999. Returns the end.
char* put_utc(std::int64_t second, char* to) noexcept;

/// "2026-12-02T04:40:00.123456Z" (RFC 3339), always with six digits of a second, so that the order
/// of texts is that of times. Times outside of the years 0 to 9999 are cut to them.
std::string utc_text(std::chrono::sys_time<std::chrono::microseconds> time);

}  // namespace weft
