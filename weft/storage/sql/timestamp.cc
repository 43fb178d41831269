#include "weft/storage/sql/timestamp.h"

#include <algorithm>

#include "weft/base/text/ascii.h"
#include "weft/base/text/utc_text.h"

namespace weft::sql {
namespace {

using std::chrono::days;
using std::chrono::microseconds;

/// Takes a time's parts from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool skip(char expected) noexcept {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A number of exactly `digits` digits, from `least` to `most`.
  bool number(std::size_t digits, int least, int most, int& into) noexcept {
    if (rest_.size() < digits) return false;
    into = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!ascii::is_digit(c)) return false;
      into = into * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return into >= least && into <= most;
  }
  /// One to nine digits behind the point, as microseconds.
  bool fraction(int& into) noexcept {
    std::size_t digits = 0;
    into = 0;
    for (; digits < rest_.size() && ascii::is_digit(rest_[digits]); ++digits) {
      if (digits < 6) into = into * 10 + (rest_[digits] - '0');
    }
    if (digits == 0 || digits > 9) return false;
    for (std::size_t missing = digits; missing < 6; ++missing) into *= 10;
    rest_.remove_prefix(digits);
    return true;
  }

 private:
  std::string_view rest_;
};

bool scan_date(Scanner& scan, std::chrono::sys_days& day) noexcept {
  int year = 0;
  int month = 0;
  int of_month = 0;
  if (!scan.number(4, 0, 9999, year) || !scan.skip('-') || !scan.number(2, 1, 12, month) ||
      !scan.skip('-') || !scan.number(2, 1, 31, of_month)) {
    return false;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(of_month)));
  day = std::chrono::sys_days(date);
  return date.ok();
}

bool scan_clock(Scanner& scan, microseconds& since_midnight) noexcept {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int fraction = 0;
  if (!scan.number(2, 0, 23, hour) || !scan.skip(':') || !scan.number(2, 0, 59, minute)) {
    return false;
  }
  if (scan.skip(':')) {
    if (!scan.number(2, 0, 59, second)) return false;
    if (scan.skip('.') && !scan.fraction(fraction)) return false;
  }
  since_midnight = std::chrono::hours(hour) + std::chrono::minutes(minute) +
                   std::chrono::seconds(second) + microseconds(fraction);
  return true;
}

/// "Z", "+05:30", "-08" or nothing; how far the zone is ahead of UTC.
bool scan_zone(Scanner& scan, microseconds& ahead) noexcept {
  if (scan.at_end() || scan.skip('Z')) return scan.at_end();
  const bool behind = scan.skip('-');
  if (!behind && !scan.skip('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!scan.number(2, 0, 15, hours)) return false;
  if (scan.skip(':') && !scan.number(2, 0, 59, minutes)) return false;
  ahead = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  if (behind) ahead = -ahead;
  return scan.at_end();
}

constexpr Timestamp kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Timestamp kLast =
    std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + days(1) - microseconds(1);

}  // namespace

std::string to_text(Timestamp time) { return utc_text(time); }

std::optional<Timestamp> timestamp_of(std::string_view text) noexcept {
  Scanner scan(text);
  std::chrono::sys_days day;
  microseconds since_midnight{};
  microseconds ahead{};
  if (!scan_date(scan, day) || !(scan.skip('T') || scan.skip(' ')) ||
      !scan_clock(scan, since_midnight) || !scan_zone(scan, ahead)) {
    return std::nullopt;
  }
  const Timestamp time = day + since_midnight - ahead;
  if (time < kFirst || time > kLast) return std::nullopt;
  return time;
}

}  // namespace weft::sql
