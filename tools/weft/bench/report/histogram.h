#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/base/time.h"

namespace weft::cli::bench {

/// How often each latency occurred, in log-linear buckets: exact below 256 ns, then 128 buckets to
/// every power of two, so that a percentile is at most 1/128 (0.8 %) above what was recorded. The
/// idea is Gil Tene's HdrHistogram. Smallest, largest and mean are exact.
///
///     value     0 .. 255   256 .. 511   512 .. 1023   ...   2^42 ns (73 min)
///     width            1            2             4   ...   2^34
///
/// Longer ones count as the longest bucket's. Recording touches one counter and allocates nothing.
/// Belongs to one thread.
class Histogram {
 public:
  Histogram() : counts_(kBuckets) {}

  void record(Duration value) noexcept {
    const auto nanoseconds = static_cast<std::uint64_t>(std::max<Duration::rep>(value.count(), 0));
    ++counts_[index_of(nanoseconds)];
    ++count_;
    sum_ += nanoseconds;
    min_ = std::min(min_, nanoseconds);
    max_ = std::max(max_, nanoseconds);
  }
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  /// These and percentile() are 0 while nothing was recorded.
  Duration min() const noexcept { return Duration(count_ == 0 ? 0 : min_); }
  Duration max() const noexcept { return Duration(max_); }
  Duration mean() const noexcept { return Duration(count_ == 0 ? 0 : sum_ / count_); }
  /// The smallest latency that at least `percent` of those recorded do not exceed, rounded up to
  /// its bucket's end, but never above max().
  Duration percentile(double percent) const noexcept;

  /// Calls `function(low, high, count)` for each bucket that is not empty, in order; values from
  /// `low` to `high` in nanoseconds.
  template <class F>
  void for_each(F&& function) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (counts_[i] != 0) function(low_of(i), high_of(i), counts_[i]);
    }
  }

  /// What is not zero of it, to be kept where there are many: index of a bucket and its count. It
  /// has no exact bounds and no exact mean.
  struct Bucket {
    std::uint32_t index;
    std::uint32_t count;
  };
  using Buckets = std::vector<Bucket>;
  Buckets buckets() const;
  void add(const Buckets& buckets) noexcept;

  static constexpr unsigned kSubBits = 7;  // 2^7 buckets to a power of two
  static constexpr unsigned kLongestBits = 42;

 private:
  static constexpr std::uint64_t kSub = std::uint64_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (kLongestBits - kSubBits + 1) * kSub;

  static std::size_t index_of(std::uint64_t value) noexcept {
    const int width = std::bit_width(value | kSub) - 1;
    const auto shift = static_cast<unsigned>(width) - kSubBits;
    return std::min(static_cast<std::size_t>(shift * kSub + (value >> shift)), kBuckets - 1);
  }
  static std::uint64_t low_of(std::size_t index) noexcept;
  static std::uint64_t high_of(std::size_t index) noexcept;

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
};

}  // namespace weft::cli::bench
