#pragma once

#include <cstdint>

#include "weft/base/time.h"

namespace weft::cli::bench {

/// When calls are due in an open loop: evenly spaced, whatever became of those before. What is due
/// and not begun is the backlog, which costs no memory: it is the distance between two numbers.
///
///     0 ........ taken ................ due(now) ............
///                  └── the backlog ──────┘   bounded: what is more is dropped, and counted
class Arrivals {
 public:
  /// `rate` per second, above 0. The first call is due at `start` + `first` of an interval (0 to
  /// 1): so the threads of a run interleave.
  Arrivals(TimePoint start, double rate, double first, std::uint64_t max_backlog) noexcept
      : start_(start), interval_(1e9 / rate), first_(first), max_backlog_(max_backlog) {}

  /// When the next call is due.
  TimePoint next() const noexcept { return due(taken_); }
  /// Takes the next call, which becomes the one after it.
  void take() noexcept { ++taken_; }
  /// How many are due at `now` and not taken. Drops the earliest of more than the bound.
  std::uint64_t backlog(TimePoint now) noexcept;

  std::uint64_t dropped() const noexcept { return dropped_; }
  std::uint64_t largest_backlog() const noexcept { return largest_; }

 private:
  TimePoint due(std::uint64_t index) const noexcept {
    return start_ +
           Duration(static_cast<std::int64_t>((static_cast<double>(index) + first_) * interval_));
  }

  TimePoint start_;
  double interval_;  // nanoseconds
  double first_;
  std::uint64_t max_backlog_;
  std::uint64_t taken_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace weft::cli::bench
