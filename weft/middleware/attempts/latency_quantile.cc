#include "weft/middleware/attempts/latency_quantile.h"

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

constexpr double kGrowth = 1.05 / 0.95;
constexpr double kShortest = 10'000;  // nanoseconds
constexpr std::uint64_t kFewest = 20;

}  // namespace

std::size_t LatencyQuantile::bucket_of(Duration latency) noexcept {
  const auto nanoseconds = static_cast<double>(latency.count());
  if (nanoseconds <= kShortest) return 0;
  const double kLogGrowth = std::log(kGrowth);
  const double bucket = std::ceil(std::log(nanoseconds / kShortest) / kLogGrowth);
  return std::min(static_cast<std::size_t>(bucket), kBuckets - 1);
}

/// The value that is off by the same factor from either end.
Duration LatencyQuantile::middle_of(std::size_t bucket) noexcept {
  const double top = kShortest * std::pow(kGrowth, static_cast<double>(bucket));
  return Duration(std::llround(bucket == 0 ? top : top * 2 / (1 + kGrowth)));
}

/// Begins another window when it is time. What other threads record while its counts are cleared
/// may be lost.
void LatencyQuantile::turn(TimePoint now) noexcept {
  const std::int64_t wanted = now.time_since_epoch() / window_;
  std::int64_t seen = turn_.load(std::memory_order_relaxed);
  if (wanted <= seen) return;
  if (!turn_.compare_exchange_strong(seen, wanted, std::memory_order_relaxed)) return;
  const auto clear = [](Counts& counts) {
    for (std::atomic<std::uint32_t>& count : counts) count.store(0, std::memory_order_relaxed);
  };
  clear(counts_[static_cast<std::size_t>(wanted) % 2]);
  if (wanted > seen + 1) clear(counts_[static_cast<std::size_t>(wanted + 1) % 2]);
}

void LatencyQuantile::record(TimePoint now, Duration latency) noexcept {
  turn(now);
  const auto current = static_cast<std::size_t>(turn_.load(std::memory_order_relaxed)) % 2;
  counts_[current][bucket_of(latency)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t LatencyQuantile::count(std::size_t bucket) const noexcept {
  return std::uint64_t{counts_[0][bucket].load(std::memory_order_relaxed)} +
         counts_[1][bucket].load(std::memory_order_relaxed);
}

std::optional<Duration> LatencyQuantile::quantile(TimePoint now, double quantile) noexcept {
  turn(now);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) total += count(i);
  if (total < kFewest) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(
      std::max(1.0, std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(total))));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += count(i);
    if (below >= rank) return middle_of(i);
  }
  return middle_of(kBuckets - 1);
}

}  // namespace weft
