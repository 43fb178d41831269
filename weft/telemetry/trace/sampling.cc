#include "weft/telemetry/trace/sampling.h"

#include <algorithm>
#include <string>

namespace weft::telemetry {
namespace {

constexpr std::uint64_t kAll = std::uint64_t{1} << 56;
constexpr std::int64_t kSecond = 1'000'000'000;

/// W3C Trace Context level 2 section 5.3.2: the last seven bytes are random where any are.
std::uint64_t random_part(const TraceId& id) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 9; i < id.size(); ++i) value = value << 8 | id[i];
  return value;
}

}  // namespace

Status Sampling::valid() const {
  if (!(ratio >= 0 && ratio <= 1)) {
    return invalid_argument("Sampling::ratio is " + std::to_string(ratio) + ", not 0 to 1");
  }
  if (keep_slower_than < Duration::zero()) {
    return invalid_argument("Sampling::keep_slower_than is negative: " +
                            to_string(keep_slower_than));
  }
  return {};
}

namespace internal {

void Sampler::set(const Sampling& sampling) noexcept {
  const bool holds = sampling.keep_errors || sampling.keep_slower_than != kForever;
  const double share = std::clamp(sampling.ratio, 0.0, 1.0);
  threshold_.store(static_cast<std::uint64_t>(share * static_cast<double>(kAll)),
                   std::memory_order_relaxed);
  interval_.store(sampling.max_per_second == 0 ? 0 : kSecond / sampling.max_per_second,
                  std::memory_order_relaxed);
  next_.store(INT64_MIN, std::memory_order_relaxed);
  follow_.store(sampling.follow_parent, std::memory_order_relaxed);
  errors_.store(sampling.keep_errors, std::memory_order_relaxed);
  slow_.store(sampling.keep_slower_than.count(), std::memory_order_relaxed);
  holds_.store(holds, std::memory_order_relaxed);
  on_.store(holds || sampling.follow_parent || share > 0, std::memory_order_relaxed);
}

bool Sampler::take(const TraceId& id, const Clock& clock) noexcept {
  return random_part(id) < threshold_.load(std::memory_order_relaxed) && within_rate(clock);
}

/// GCRA with a burst of one second: nothing is written where a trace is not taken.
bool Sampler::within_rate(const Clock& clock) noexcept {
  const std::int64_t interval = interval_.load(std::memory_order_relaxed);
  if (interval == 0) return true;
  const std::int64_t at = clock.now().time_since_epoch().count();
  std::int64_t next = next_.load(std::memory_order_relaxed);
  do {
    if (next > at + kSecond - interval) return false;
  } while (
      !next_.compare_exchange_weak(next, std::max(next, at) + interval, std::memory_order_relaxed));
  return true;
}

}  // namespace internal
}  // namespace weft::telemetry
