#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weft {

using Duration = std::chrono::nanoseconds;
/// A point on a monotonic clock: the steady clock in production, virtual time in a simulation.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// "No deadline".
inline constexpr TimePoint kNever = TimePoint::max();
/// "No limit" for a duration.
inline constexpr Duration kForever = Duration::max();

/// `now + timeout`, which stays kNever where the sum would overflow.
constexpr TimePoint after(TimePoint now, Duration timeout) noexcept {
  return timeout >= kNever - now ? kNever : now + timeout;
}

/// `duration` times `factor`; kForever where the product would overflow. Neither is negative.
constexpr Duration scaled(Duration duration, double factor) noexcept {
  const double product = static_cast<double>(duration.count()) * factor;
  return product < 0x1p63 ? Duration(static_cast<Duration::rep>(product)) : kForever;
}

/// Exact, in the largest unit that is not a fraction: "50ms", "1.5s", "250us", "0s", "inf".
std::string to_string(Duration duration);

/// Tells the time. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
};

}  // namespace weft
