#include "weft/codec/schema/text/time_text.h"

#include <charconv>

#include "weft/base/text/ascii.h"
#include "weft/base/text/utc_text.h"

namespace weft::codec {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", as utc_date(), which goes the other
// way.
std::int64_t days_of(const UtcDate& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

int days_in(const UtcDate& date) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  return date.month == 2 && leap ? 29 : kDays[date.month - 1];
}

char* put_digits(std::int64_t value, int count, char* to) noexcept {
  for (int i = count - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + count;
}

char* put_fraction(std::int32_t nanos, char* to) noexcept {
  if (nanos == 0) return to;
  *to++ = '.';
  if (nanos % 1'000'000 == 0) return put_digits(nanos / 1'000'000, 3, to);
  if (nanos % 1000 == 0) return put_digits(nanos / 1000, 6, to);
  return put_digits(nanos, 9, to);
}

/// Takes characters off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : text_(text) {}

  bool at_end() const noexcept { return text_.empty(); }
  char next() const noexcept { return text_.empty() ? '\0' : text_.front(); }
  bool eat(char c) noexcept {
    if (next() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Exactly `count` digits.
  bool digits(std::size_t count, int& value) noexcept {
    if (text_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!ascii::is_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  /// A point and 1 to 9 digits, or nothing.
  bool fraction(std::int32_t& nanos) noexcept {
    nanos = 0;
    if (!eat('.')) return true;
    int count = 0;
    for (; ascii::is_digit(next()) && count < 9; ++count) {
      nanos = nanos * 10 + (next() - '0');
      text_.remove_prefix(1);
    }
    for (int i = count; i < 9; ++i) nanos *= 10;
    return count > 0;
  }
  bool whole(std::int64_t& value) noexcept {
    if (!ascii::is_digit(next())) return false;
    const auto [at, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc()) return false;
    text_.remove_prefix(static_cast<std::size_t>(at - text_.data()));
    return true;
  }

 private:
  std::string_view text_;
};

/// "Z", "+01:00": seconds east of UTC.
bool read_offset(Cursor& cursor, std::int64_t& offset) noexcept {
  offset = 0;
  if (cursor.eat('Z')) return true;
  const bool west = cursor.next() == '-';
  if (!cursor.eat('-') && !cursor.eat('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!cursor.digits(2, hours) || !cursor.eat(':') || !cursor.digits(2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  offset = (hours * 60 + minutes) * (west ? -60 : 60);
  return true;
}

char* put_timestamp(const Seconds& time, char* to) noexcept {
  to = put_utc(time.seconds, to);
  to = put_fraction(time.nanos, to);
  *to++ = 'Z';
  return to;
}

char* put_duration(const Seconds& span, char* to) noexcept {
  if (span.seconds < 0 || span.nanos < 0) *to++ = '-';
  to = std::to_chars(to, to + 20, span.seconds < 0 ? -span.seconds : span.seconds).ptr;
  to = put_fraction(span.nanos < 0 ? -span.nanos : span.nanos, to);
  *to++ = 's';
  return to;
}

bool read_timestamp(std::string_view text, Seconds& out) noexcept {
  Cursor cursor(text);
  int year = 0;
  UtcDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!cursor.digits(4, year) || !cursor.eat('-') || !cursor.digits(2, date.month) ||
      !cursor.eat('-') || !cursor.digits(2, date.day) || !cursor.eat('T') ||
      !cursor.digits(2, hour) || !cursor.eat(':') || !cursor.digits(2, minute) ||
      !cursor.eat(':') || !cursor.digits(2, second)) {
    return false;
  }
  date.year = year;
  std::int64_t offset = 0;
  if (!cursor.fraction(out.nanos) || !read_offset(cursor, offset) || !cursor.at_end()) return false;
  if (year < 1 || date.month < 1 || date.month > 12 || date.day < 1 || date.day > days_in(date)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  out.seconds = days_of(date) * kSecondsPerDay + (hour * 60 + minute) * 60 + second - offset;
  return is_in_range(WellKnown::Timestamp, out);
}

bool read_duration(std::string_view text, Seconds& out) noexcept {
  Cursor cursor(text);
  const bool negative = cursor.eat('-');
  if (!cursor.whole(out.seconds) || !cursor.fraction(out.nanos)) return false;
  if (!cursor.eat('s') || !cursor.at_end()) return false;
  if (negative) {
    out.seconds = -out.seconds;
    out.nanos = -out.nanos;
  }
  return is_in_range(WellKnown::Duration, out);
}

}  // namespace

char* put_time(WellKnown type, const Seconds& time, char* to) noexcept {
  return type == WellKnown::Timestamp ? put_timestamp(time, to) : put_duration(time, to);
}

bool read_time(WellKnown type, std::string_view text, Seconds& out) noexcept {
  return type == WellKnown::Timestamp ? read_timestamp(text, out) : read_duration(text, out);
}

std::string_view time_form(WellKnown type) noexcept {
  return type == WellKnown::Timestamp ? "a time such as \"2026-12-31T23:59:59.5Z\""
                                      : "a duration such as \"1.5s\"";
}

std::string_view time_range(WellKnown type) noexcept {
  return type == WellKnown::Timestamp
             ? " from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z"
             : " of at most 315576000000 seconds";
}

}  // namespace weft::codec
