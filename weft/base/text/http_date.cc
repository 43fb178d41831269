#include "weft/base/text/http_date.h"

#include <array>

namespace weft {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_two(std::string& out, int number) {
  out.push_back(static_cast<char>('0' + number / 10 % 10));
  out.push_back(static_cast<char>('0' + number % 10));
}

}  // namespace

std::string http_date(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string out(kDays[static_cast<std::size_t>(parts.tm_wday)]);
  out.append(", ");
  append_two(out, parts.tm_mday);
  out.append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]).append(" ");
  out.append(std::to_string(parts.tm_year + 1900)).append(" ");
  append_two(out, parts.tm_hour);
  out.push_back(':');
  append_two(out, parts.tm_min);
  out.push_back(':');
  append_two(out, parts.tm_sec);
  return out.append(" GMT");
}

std::string_view current_http_date() {
  thread_local std::string text;
  thread_local std::time_t of = -1;
  const std::time_t now = std::time(nullptr);
  if (now != of) {
    text = http_date(now);
    of = now;
  }
  return text;
}

}  // namespace weft
