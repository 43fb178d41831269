#pragma once

#include <algorithm>

#include "weft/base/rng.h"
#include "weft/base/time.h"

namespace weft::cluster {

/// Pauses between attempts that fail: each longer than the one before, up to a limit, and each of a
/// random length around that, so that clients that fail together do not return together. Factor and
/// jitter are those of gRPC's connection back-off.
class Backoff {
 public:
  /// `rng` outlives it.
  Backoff(Rng& rng, Duration first, Duration most) noexcept
      : rng_(rng), first_(std::min(first, most)), most_(most), next_(first_) {}

  /// The pause before the next attempt.
  Duration next() noexcept {
    const Duration base = next_;
    next_ = std::min(most_, scaled(next_, kFactor));
    return scaled(base, 1 - kJitter + 2 * kJitter * rng_.uniform());
  }
  /// An attempt has succeeded: the next pause is the first again.
  void reset() noexcept { next_ = first_; }

 private:
  static constexpr double kFactor = 1.6;
  static constexpr double kJitter = 0.2;

  Rng& rng_;
  Duration first_;
  Duration most_;
  Duration next_;
};

}  // namespace weft::cluster
