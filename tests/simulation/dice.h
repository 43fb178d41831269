#pragma once

#include <cstdint>

#include "weft/base/rng.h"
#include "weft/base/time.h"

namespace weft::simulation {

inline Duration times(Duration duration, double factor) noexcept {
  return Duration(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

/// What is left to chance, from a seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) noexcept : rng_(seed) {}

  std::uint64_t below(std::uint64_t bound) noexcept { return rng_.below(bound); }
  bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }
  double part() noexcept { return rng_.uniform(); }
  /// From the first to below the second, with more short than long ones.
  Duration between(Duration least, Duration most) noexcept {
    const double part = rng_.uniform();
    return least + times(most - least, part * part);
  }

 private:
  Rng rng_;
};

}  // namespace weft::simulation
