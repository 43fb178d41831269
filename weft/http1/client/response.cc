#include "weft/http1/client/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"

namespace weft::http1 {
namespace {

using std::chrono::seconds;

// Longer times are as good as none, and a Duration has to hold them: 30 years.
constexpr std::int64_t kMostSeconds = 946'080'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

/// delta-seconds (RFC 9111 section 1.2.2): digits; what is too large is the largest.
std::optional<Duration> seconds_of(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), ascii::is_digit)) return {};
  std::int64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) value = kMostSeconds;
  return seconds(std::min(value, kMostSeconds));
}

template <class T>
bool number_at(std::string_view text, std::size_t at, std::size_t size, T& out) {
  const std::string_view part = text.substr(at, size);
  return std::all_of(part.begin(), part.end(), ascii::is_digit) &&
         std::from_chars(part.data(), part.data() + part.size(), out).ec == std::errc();
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the form that servers have to send (RFC 9110 section 5.6.7).
std::optional<std::chrono::sys_seconds> date_of(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return {};
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  int year = 0;
  const bool read = month != kMonths.end() && number_at(text, 5, 2, day) &&
                    number_at(text, 12, 4, year) && number_at(text, 17, 2, hour) &&
                    number_at(text, 20, 2, minute) && number_at(text, 23, 2, second);
  if (!read) return {};
  const std::chrono::year_month_day date(
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(day));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         seconds(second);
}

StatusCode code_of(int status) {
  using enum StatusCode;
  switch (status) {
    case 400:
      return InvalidArgument;
    case 401:
      return Unauthenticated;
    case 403:
      return PermissionDenied;
    case 404:
    case 410:
      return NotFound;
    case 409:
      return Aborted;
    case 412:
      return FailedPrecondition;
    case 413:
    case 429:
    case 431:
      return ResourceExhausted;
    case 416:
      return OutOfRange;
    case 405:
    case 501:
    case 505:
      return Unimplemented;
    case 408:
    case 504:
      return DeadlineExceeded;
    case 502:
    case 503:
      return Unavailable;
    default:
      return status >= 500 ? Internal : Unknown;
  }
}

void apply(std::string_view directive, CacheControl& out) {
  const std::size_t equals = std::min(directive.find('='), directive.size());
  const std::string name = ascii::lower(std::string(trimmed(directive.substr(0, equals))));
  std::string_view value = trimmed(directive.substr(std::min(equals + 1, directive.size())));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (name == "no-store") out.no_store = true;
  if (name == "no-cache") out.no_cache = true;
  if (name == "must-revalidate") out.must_revalidate = true;
  if (name == "max-age") out.max_age = seconds_of(value);
  if (name == "stale-while-revalidate") out.stale_while_revalidate = seconds_of(value);
  if (name == "stale-if-error") out.stale_if_error = seconds_of(value);
}

}  // namespace

Status status_of(const Response& response) {
  if (response.ok()) return {};
  std::string message = response.url.shown() + " answered " + std::to_string(response.status);
  if (!response.reason.empty()) message += " " + cut_text(printable(response.reason));
  const std::string_view body = trimmed(response.text());
  if (!body.empty()) message += ": " + printable(cut_text(body));
  return Status(code_of(response.status), message, Origin::Peer);
}

std::optional<Duration> retry_after(const ResponseInfo& response) {
  const std::string_view value = trimmed(response.fields.get("retry-after"));
  if (const std::optional<Duration> wait = seconds_of(value)) return wait;
  const std::optional<std::chrono::sys_seconds> when = date_of(value);
  if (!when) return {};
  const std::chrono::sys_seconds now =
      date_of(trimmed(response.fields.get("date")))
          .value_or(std::chrono::floor<seconds>(std::chrono::system_clock::now()));
  const std::int64_t wait = (*when - now).count();
  return seconds(std::clamp<std::int64_t>(wait, 0, kMostSeconds));
}

CacheControl cache_control(const ResponseInfo& response) {
  CacheControl out;
  const std::string all = response.fields.joined("cache-control");
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    apply(rest.substr(0, comma), out);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

}  // namespace weft::http1
