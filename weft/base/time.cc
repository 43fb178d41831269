#include "weft/base/time.h"

#include <array>
#include <string_view>

namespace weft {

std::string to_string(Duration duration) {
  if (duration == kForever) return "inf";
  struct Unit {
    std::uint64_t nanoseconds;
    std::size_t digits;
    std::string_view suffix;
  };
  constexpr std::array<Unit, 4> kUnits = {Unit{1'000'000'000, 9, "s"}, Unit{1'000'000, 6, "ms"},
                                          Unit{1'000, 3, "us"}, Unit{1, 0, "ns"}};
  if (duration == Duration::zero()) return "0s";
  // Unsigned, because the most negative count has no positive counterpart.
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t magnitude = duration < Duration::zero() ? 0 - count : count;
  const Unit* unit = kUnits.data();
  while (magnitude < unit->nanoseconds) ++unit;

  std::string text(duration < Duration::zero() ? "-" : "");
  text.append(std::to_string(magnitude / unit->nanoseconds));
  if (const std::uint64_t rest = magnitude % unit->nanoseconds; rest != 0) {
    const std::string fraction = std::to_string(rest);
    text.append(".").append(unit->digits - fraction.size(), '0').append(fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text.append(unit->suffix);
}

}  // namespace weft
