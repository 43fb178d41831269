#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weft/base/time.h"

namespace weft {

/// What share of a method's calls took how long lately: a histogram whose buckets grow by a
/// constant factor, so that every quantile is known to about 5 % (DDSketch: Masson, Rim and Lee,
/// VLDB 2019), kept for two windows of time; the older is dropped when the newer is full. From 10
/// microseconds to 100 seconds; what is beyond counts as that. Thread-safe, without locks; 3 KiB.
class LatencyQuantile {
 public:
  explicit LatencyQuantile(Duration window = std::chrono::seconds(30)) noexcept : window_(window) {}
  LatencyQuantile(const LatencyQuantile&) = delete;
  LatencyQuantile& operator=(const LatencyQuantile&) = delete;

  void record(TimePoint now, Duration latency) noexcept;
  /// The time that a share `quantile` of what was recorded is not longer than; nothing below 20
  /// samples.
  std::optional<Duration> quantile(TimePoint now, double quantile) noexcept;

 private:
  // 1.105^162 is 10^7: alpha of 5 % is a factor of (1 + alpha) / (1 - alpha).
  static constexpr std::size_t kBuckets = 163;
  using Counts = std::array<std::atomic<std::uint32_t>, kBuckets>;
  static std::size_t bucket_of(Duration latency) noexcept;
  static Duration middle_of(std::size_t bucket) noexcept;
  void turn(TimePoint now) noexcept;
  std::uint64_t count(std::size_t bucket) const noexcept;

  const Duration window_;
  std::atomic<std::int64_t> turn_{-1};  // number of the window that is being filled
  std::array<Counts, 2> counts_{};      // by its parity
};

}  // namespace weft
