#include "weft/cache/internal/entry_times.h"

#include <chrono>
#include <cmath>

namespace weft::cache::internal {
namespace {

constexpr Duration kErrorPause = std::chrono::seconds(1);
// Beyond it XFetch refreshes less than once in four billion times, so that no logarithm is needed.
constexpr double kFarthest = 22.2;

/// XFetch: refresh where -beta * load_time * ln(random) reaches the end.
bool is_early(const EntryTimes& times, double beta, TimePoint now, Rng& rng) {
  const double left = static_cast<double>((times.fresh_until - now).count());
  const double unit = beta * static_cast<double>(times.load_time.count());
  if (left > unit * kFarthest) return false;
  constexpr double kUnit = 0x1p-53;
  const double random = (static_cast<double>(rng() >> 11U) + 1) * kUnit;  // (0, 1]
  return -unit * std::log(random) >= left;
}

}  // namespace

Use use_of(const EntryTimes& times, const CacheOptions& options, bool is_absent, TimePoint now,
           Rng& rng) {
  if (now < times.fresh_until) {
    const bool early = !is_absent && times.fresh_until != kNever && now >= times.next_load &&
                       is_early(times, options.refresh_ahead, now, rng);
    return early ? Use::Refresh : Use::Fresh;
  }
  if (is_absent) return Use::None;
  if (times.next_load != TimePoint() && now < after(times.fresh_until, options.stale_if_error)) {
    return now < times.next_load ? Use::Waiting : Use::Stale;
  }
  return now < after(times.fresh_until, options.stale_while_revalidate) ? Use::Stale : Use::None;
}

EntryTimes times_of_value(const CacheOptions& options, TimePoint now, Duration load_time) {
  return {.fresh_until = after(now, options.ttl), .load_time = load_time};
}

EntryTimes times_of_absence(const CacheOptions& options, TimePoint now, Rng& rng) {
  return {.fresh_until = after(now, scaled(options.absent_ttl, 0.9 + 0.2 * rng.uniform()))};
}

bool stands_in(EntryTimes& times, const CacheOptions& options, TimePoint now) {
  times.next_load = after(now, kErrorPause);
  return now < times.fresh_until || now < after(times.fresh_until, options.stale_if_error);
}

}  // namespace weft::cache::internal
