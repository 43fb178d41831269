#pragma once

#include <cstdint>

#include "weft/base/time.h"

namespace weft::http2::internal {

/// Estimates the path's bandwidth-delay product, so that windows grow where they hold a sender up.
///
/// The method is gRPC's (gRPC C++ bdp_estimator.cc, grpc-go bdp_estimator.go): the bytes that
/// arrive between a PING and its ACK are what the path holds in one round trip. When they come near
/// the estimate and the bandwidth has grown, the windows may be the limit and the estimate doubles.
///
/// Samples are spaced by bytes and not by time: the next PING waits for a part of a window to have
/// arrived since the last ACK, and for more each time nothing was learned. So a peer that counts
/// pings has always sent DATA between two of ours, which is what gRPC servers forgive pings for
/// (gRFC A8: a strike needs two pings with no data or headers sent between them).
class BdpEstimator {
 public:
  /// `limit` 0, or not above `initial`, turns it off.
  BdpEstimator(std::uint32_t initial, std::uint32_t limit) noexcept
      : estimate_(initial), limit_(limit), wait_(initial / kParts), left_(wait_) {}

  std::uint32_t estimate() const noexcept { return estimate_; }
  bool awaits_ack() const noexcept { return sampling_; }

  /// `n` bytes of DATA have arrived. True when a PING is to be sent now: then call sent().
  bool add(std::uint32_t n) noexcept {
    if (sampling_) {
      sample_ += n;
      return false;
    }
    left_ -= n;
    return left_ < 0 && estimate_ < limit_;
  }
  void sent(TimePoint now) noexcept;
  /// The ACK has arrived. True when the estimate has grown.
  bool acked(TimePoint now) noexcept;

 private:
  static constexpr std::uint32_t kParts = 4;           // first sample after a quarter of a window
  static constexpr std::uint32_t kMostEstimates = 16;  // at the steadiest, one in 16 windows

  std::uint32_t estimate_;
  std::uint32_t limit_;
  std::int64_t wait_;  // bytes between two samples
  std::int64_t left_;  // bytes until the next
  std::uint64_t sample_ = 0;
  double best_bandwidth_ = 0;  // bytes per nanosecond
  TimePoint sent_at_{};
  bool sampling_ = false;
};

}  // namespace weft::http2::internal
