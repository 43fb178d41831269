#include "weft/http2/session/internal/bdp_estimator.h"

#include <algorithm>

namespace weft::http2::internal {

void BdpEstimator::sent(TimePoint now) noexcept {
  sampling_ = true;
  sample_ = 0;
  sent_at_ = now;
}

bool BdpEstimator::acked(TimePoint now) noexcept {
  sampling_ = false;
  const std::int64_t round_trip = std::max<std::int64_t>(1, (now - sent_at_).count());
  const double bandwidth = static_cast<double>(sample_) / static_cast<double>(round_trip);
  const bool grown = sample_ * 3 >= std::uint64_t{estimate_} * 2 && bandwidth > best_bandwidth_;
  if (grown) {
    best_bandwidth_ = bandwidth;
    const std::uint64_t doubled = 2 * std::max<std::uint64_t>(sample_, estimate_);
    estimate_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit_, doubled));
    wait_ = estimate_ / kParts;
  } else {
    wait_ = std::min<std::int64_t>(wait_ * 2, std::int64_t{estimate_} * kMostEstimates);
  }
  left_ = wait_;
  return grown;
}

}  // namespace weft::http2::internal
