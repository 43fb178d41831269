#include "weft/base/time.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace weft {

std::string to_string(Duration duration) {
  if (duration == kForever) return "inf";
  struct Unit {
    std::int64_t nanoseconds;
    std::string_view suffix;
  };
  constexpr std::array<Unit, 4> kUnits = {Unit{1'000'000'000, "s"}, Unit{1'000'000, "ms"},
                                          Unit{1'000, "us"}, Unit{1, "ns"}};
  const std::int64_t count = duration.count();
  const std::int64_t magnitude = count < 0 ? -count : count;
  for (const Unit& unit : kUnits) {
    if (magnitude < unit.nanoseconds && unit.nanoseconds != 1) continue;
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.6g",
                  static_cast<double>(count) / static_cast<double>(unit.nanoseconds));
    return std::string(text.data()).append(unit.suffix);
  }
  return "0ns";
}

}  // namespace weft
