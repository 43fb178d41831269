#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts durations in nanoseconds in buckets whose width grows with them: 128 to a power of two,
/// so that a percentile is off by less than 0.8 %. Up to about 18 minutes; what is longer counts as
/// that.
class Histogram {
 public:
  void add(std::int64_t nanoseconds) noexcept {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
    ++buckets_[std::min(index_of(value), buckets_.size() - 1)];
    ++count_;
    sum_ += value;
    max_ = std::max(max_, value);
  }

  void add(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  /// The middle of the bucket in which the `share`-th (0 to 1) value lies; 0 when there is none.
  double percentile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted || (seen == count_ && seen > 0)) return middle_of(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 7;
  static constexpr std::uint64_t kSteps = 1U << kBits;

  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    if (value < kSteps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (shift + 1) * kSteps + ((value >> shift) - kSteps);
  }
  static constexpr double middle_of(std::size_t index) noexcept {
    if (index < kSteps) return static_cast<double>(index);
    const auto shift = static_cast<unsigned>(index / kSteps) - 1;
    const std::uint64_t from = (kSteps + index % kSteps) << shift;
    return static_cast<double>(from) + static_cast<double>((1ULL << shift) - 1) / 2;
  }

  std::array<std::uint64_t, (40 - kBits + 1) * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench
