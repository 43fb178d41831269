#include "tools/weft/duration_text.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace weft::cli {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
    {{"ns", 1e0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};

/// Nanoseconds of a unit; zero when it is none.
double unit_of(std::string_view text) {
  for (const auto& [name, factor] : kUnits) {
    if (name == text) return factor;
  }
  return 0;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const double unit = unit_of(text.substr(static_cast<std::size_t>(end - text.data())));
  const double nanoseconds = number * unit;
  // Beyond this a double no longer fits the duration: 292 years.
  constexpr double kLongest = 9.2e18;
  if (error != std::errc() || !(nanoseconds >= 1) || nanoseconds > kLongest) {
    return invalid_argument("'" + std::string(text) +
                            "' is not a time: a positive number and a unit are expected, as in "
                            "500ms, 1.5s or 2m");
  }
  return Duration(static_cast<Duration::rep>(nanoseconds));
}

}  // namespace weft::cli
