#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "weft/base/time.h"

namespace weft::cluster {

/// How many calls took how long, in buckets whose width is a quarter of a power of two: a
/// percentile is right to an eighth. From a microsecond to thirteen days.
class LatencyCounts {
 public:
  void add(Duration latency) noexcept {
    ++buckets_[bucket_of(latency)];
    ++total_;
  }
  std::uint32_t total() const noexcept { return total_; }
  void clear() noexcept {
    buckets_.fill(0);
    total_ = 0;
  }
  /// So that what comes weighs more than what was.
  void halve() noexcept {
    total_ = 0;
    for (std::uint32_t& count : buckets_) total_ += count /= 2;
  }
  /// The middle of the bucket that `percent` of the calls do not exceed; only where there are any.
  Duration percentile(double percent) const noexcept {
    const double wanted = percent / 100 * total_;
    double seen = 0;
    std::size_t bucket = 0;
    for (; bucket + 1 < kBuckets; ++bucket) {
      seen += buckets_[bucket];
      if (seen > wanted) break;
    }
    return middle_of(bucket);
  }

 private:
  static constexpr std::size_t kBuckets = 160;

  static std::size_t bucket_of(Duration latency) noexcept {
    const auto us = static_cast<std::uint64_t>(latency.count() > 0 ? latency.count() / 1000 : 0);
    if (us < 4) return us;
    const auto exponent = static_cast<std::size_t>(std::bit_width(us)) - 1;
    const std::size_t bucket = (exponent - 1) * 4 + ((us >> (exponent - 2)) & 3);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static Duration middle_of(std::size_t bucket) noexcept {
    if (bucket < 4) return std::chrono::microseconds(bucket) + std::chrono::nanoseconds(500);
    const std::size_t shift = bucket / 4 - 1;
    const std::uint64_t twice_middle = ((8 + 2 * (bucket % 4)) + 1) << shift;
    return std::chrono::nanoseconds(twice_middle * 500);
  }

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint32_t total_ = 0;
};

}  // namespace weft::cluster
