#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weft/base/time.h"

namespace weft::middleware {

/// How many of two kinds there were in the last while, in steps of a tenth of it. Not thread-safe.
class SlidingCounts {
 public:
  explicit SlidingCounts(Duration window) noexcept : step_(window / kSteps) {
    if (step_ <= Duration::zero()) step_ = Duration(1);
  }

  void add(TimePoint now, bool failed) noexcept {
    advance(now);
    Counts& step = steps_[static_cast<std::size_t>(current_ % kSteps)];
    ++step.all;
    ++sum_.all;
    step.failed += failed ? 1 : 0;
    sum_.failed += failed ? 1 : 0;
  }
  void clear() noexcept {
    steps_.fill({});
    sum_ = {};
  }
  /// As of the last add().
  std::uint64_t all() const noexcept { return sum_.all; }
  std::uint64_t failed() const noexcept { return sum_.failed; }

 private:
  static constexpr std::int64_t kSteps = 10;
  struct Counts {
    std::uint64_t all = 0;
    std::uint64_t failed = 0;
  };
  void advance(TimePoint now) noexcept {
    const std::int64_t step = now.time_since_epoch() / step_;
    if (step - current_ >= kSteps) {
      clear();
      current_ = step;
    }
    while (current_ < step) {
      Counts& oldest = steps_[static_cast<std::size_t>(++current_ % kSteps)];
      sum_.all -= oldest.all;
      sum_.failed -= oldest.failed;
      oldest = {};
    }
  }

  Duration step_;
  std::int64_t current_ = 0;
  std::array<Counts, kSteps> steps_{};
  Counts sum_;
};

}  // namespace weft::middleware
