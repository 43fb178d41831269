#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weft/base/result.h"

namespace weft::telemetry {

/// The bounds of a histogram's buckets: a value belongs to the first bucket whose bound is not
/// less than it, and above the last bound to one more. Finding it costs a table look-up by the
/// value's exponent and a comparison or two. Immutable, for all threads.
class Bounds {
 public:
  /// Fewer are enough for anything; more would be a mistake.
  static constexpr std::size_t kMost = 512;

  /// INVALID_ARGUMENT when they do not increase, are not finite, or are more than kMost.
  static Result<Bounds> make(std::span<const double> bounds);

  /// Without the last bucket's, which is infinity.
  std::span<const double> values() const noexcept {
    return std::span(bounds_).first(bounds_.size() - 1);
  }
  std::size_t buckets() const noexcept { return bounds_.size(); }
  /// The bucket of a finite value.
  std::size_t bucket_of(double value) const noexcept {
    std::size_t bucket = first_[cell_of(value)];
    while (value > bounds_[bucket]) ++bucket;
    return bucket;
  }

 private:
  Bounds() = default;
  /// Sign, exponent and two bits of the fraction: four cells for each power of two.
  static std::int64_t key_of(double value) noexcept {
    return __builtin_bit_cast(std::int64_t, value) >> 50;
  }
  std::size_t cell_of(double value) const noexcept {
    const std::int64_t cell = key_of(value) - base_;
    // A value of the sign bit has the smallest key of all.
    return cell < 0       ? 0
           : cell > last_ ? static_cast<std::size_t>(last_)
                          : static_cast<std::size_t>(cell);
  }

  std::vector<double> bounds_;        // and infinity at the end
  std::vector<std::uint16_t> first_;  // by cell: the first bucket that may have the value
  std::int64_t base_ = 0;
  std::int64_t last_ = 0;
};

/// The bounds of gRFC A66: seconds from 10 microseconds to 100, bytes from 1 KiB to 4 GiB, and
/// counts up to 65,536.
std::span<const double> latency_bounds() noexcept;
std::span<const double> size_bounds() noexcept;
std::span<const double> count_bounds() noexcept;
/// A third of the buckets, for servers with hundreds of methods: 12 and 6.
std::span<const double> coarse_latency_bounds() noexcept;
std::span<const double> coarse_size_bounds() noexcept;

}  // namespace weft::telemetry
