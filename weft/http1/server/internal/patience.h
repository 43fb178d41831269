#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/base/time.h"

namespace weft::http1 {

/// How long a client may be waited for that is to send or to read something. It begins with a
/// time, loses what it is waited for, and gains a second for each `rate` bytes, up to that time
/// again: a client may pause that long, but whoever goes on below the rate is given up, however
/// often a byte comes. Without a rate (0) each byte gives it all of the time.
class Patience {
 public:
  Patience(Duration most, std::uint64_t rate) noexcept : most_(most), rate_(rate), left_(most) {}

  void renew() noexcept { left_ = most_; }
  /// It was waited for that long, and has sent or read so many bytes meanwhile.
  void note(Duration waited, std::uint64_t bytes) noexcept {
    if (most_ == kForever) return;
    left_ = std::max(Duration::zero(), left_ - waited);
    if (bytes != 0) left_ = std::min(most_, left_ + earned_by(bytes));
  }
  /// From now on.
  Duration left() const noexcept { return left_; }
  Duration most() const noexcept { return most_; }
  std::uint64_t rate() const noexcept { return rate_; }

 private:
  /// At most `most_`, which many bytes would overflow.
  Duration earned_by(std::uint64_t bytes) const noexcept {
    if (rate_ == 0) return most_;
    const std::chrono::duration<double> earned(static_cast<double>(bytes) /
                                               static_cast<double>(rate_));
    return earned < most_ ? std::chrono::duration_cast<Duration>(earned) : most_;
  }

  const Duration most_;
  const std::uint64_t rate_;
  Duration left_;
};

}  // namespace weft::http1
