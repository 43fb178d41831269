#include "tools/weft/bench/load/arrivals.h"

#include <algorithm>
#include <cmath>

namespace weft::cli::bench {

std::uint64_t Arrivals::backlog(TimePoint now) noexcept {
  if (now < next()) return 0;
  const double passed = static_cast<double>((now - start_).count()) / interval_ - first_;
  auto begun = static_cast<std::uint64_t>(std::max(std::floor(passed), 0.0)) + 1;
  // Rounding may put the last one a nanosecond to either side.
  if (due(begun - 1) > now) --begun;
  begun = std::max(begun, taken_ + 1);
  const std::uint64_t waiting = begun - taken_;
  if (waiting > max_backlog_) {
    dropped_ += waiting - max_backlog_;
    taken_ = begun - max_backlog_;
  }
  const std::uint64_t left = begun - taken_;
  largest_ = std::max(largest_, left);
  return left;
}

}  // namespace weft::cli::bench
