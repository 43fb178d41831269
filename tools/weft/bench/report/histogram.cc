#include "tools/weft/bench/report/histogram.h"

#include <cmath>

namespace weft::cli::bench {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() noexcept {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = sum_ = max_ = 0;
  min_ = UINT64_MAX;
}

Duration Histogram::percentile(double percent) const noexcept {
  const double wanted = std::ceil(static_cast<double>(count_) * percent / 100);
  const auto rank =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1, count_ + 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return Duration(std::min(high_of(i), max_));
  }
  return max();
}

Histogram::Buckets Histogram::buckets() const {
  Buckets out;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    const auto count = std::min<std::uint64_t>(counts_[i], UINT32_MAX);
    out.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(count)});
  }
  return out;
}

void Histogram::add(const Buckets& buckets) noexcept {
  for (const Bucket& bucket : buckets) {
    counts_[bucket.index] += bucket.count;
    count_ += bucket.count;
    sum_ += bucket.count * high_of(bucket.index);
    min_ = std::min(min_, low_of(bucket.index));
    max_ = std::max(max_, high_of(bucket.index));
  }
}

// The first 2 * kSub buckets are one nanosecond wide; after them a shift belongs to every kSub.
std::uint64_t Histogram::low_of(std::size_t index) noexcept {
  if (index < 2 * kSub) return index;
  const std::size_t shift = index / kSub - 1;
  return (index - shift * kSub) << shift;
}

std::uint64_t Histogram::high_of(std::size_t index) noexcept {
  if (index < 2 * kSub) return index;
  const std::size_t shift = index / kSub - 1;
  return low_of(index) + (std::uint64_t{1} << shift) - 1;
}

}  // namespace weft::cli::bench
