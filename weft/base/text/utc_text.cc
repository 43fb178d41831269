#include "weft/base/text/utc_text.h"

#include <algorithm>

namespace weft {
namespace {

using std::chrono::microseconds;
using std::chrono::sys_days;

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::chrono::sys_time<microseconds> kFirst = sys_days(std::chrono::year(0) / 1 / 1);
constexpr std::chrono::sys_time<microseconds> kLast =
    sys_days(std::chrono::year(9999) / 12 / 31) + std::chrono::days(1) - microseconds(1);

char* put_digits(std::int64_t value, int count, char* to) noexcept {
  for (int i = count - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + count;
}

}  // namespace

// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so the leap day
// is the last one, and 400 of them have 146,097 days.
UtcDate utc_date(std::int64_t days) noexcept {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  const int calendar_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (calendar_month <= 2 ? 1 : 0), calendar_month, day};
}

char* put_utc(std::int64_t second, char* to) noexcept {
  std::int64_t of_day = second % kSecondsPerDay;
  if (of_day < 0) of_day += kSecondsPerDay;
  const UtcDate date = utc_date((second - of_day) / kSecondsPerDay);
  to = put_digits(date.year, 4, to);
  *to++ = '-';
  to = put_digits(date.month, 2, to);
  *to++ = '-';
  to = put_digits(date.day, 2, to);
  *to++ = 'T';
  to = put_digits(of_day / 3600, 2, to);
  *to++ = ':';
  to = put_digits(of_day / 60 % 60, 2, to);
  *to++ = ':';
  return put_digits(of_day % 60, 2, to);
}

std::string utc_text(std::chrono::sys_time<microseconds> time) {
  time = std::clamp(time, kFirst, kLast);
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string text(27, 'Z');
  char* to = put_utc(second.time_since_epoch().count(), text.data());
  *to++ = '.';
  put_digits((time - second).count(), 6, to);
  return text;
}

}  // namespace weft
