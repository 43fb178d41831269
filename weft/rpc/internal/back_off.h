#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/base/rng.h"
#include "weft/base/time.h"

namespace weft::rpc {

/// How long to wait from one attempt to the next (gRPC's doc/connection-backoff.md): times 1.6 from
/// the first to the longest, each give or take a fifth.
class BackOff {
 public:
  explicit BackOff(Duration first = std::chrono::seconds(1),
                   Duration longest = std::chrono::seconds(120)) noexcept
      : first_(first), longest_(longest) {}

  Duration next(Rng& rng) noexcept {
    constexpr double kMultiplier = 1.6;
    constexpr double kJitter = 0.2;
    auto wait = static_cast<double>(first_.count());
    const auto longest = static_cast<double>(longest_.count());
    for (std::uint32_t i = 0; i < failures_ && wait < longest; ++i) wait *= kMultiplier;
    ++failures_;
    wait = std::min(wait, longest) * (1 + kJitter * (2 * rng.uniform() - 1));
    return Duration(static_cast<std::int64_t>(wait));
  }
  void reset() noexcept { failures_ = 0; }

 private:
  Duration first_;
  Duration longest_;
  std::uint32_t failures_ = 0;  // in a row
};

}  // namespace weft::rpc
