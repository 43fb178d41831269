#pragma once

#include <utility>

#include "weft/base/time.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/cluster/endpoints/member.h"
#include "weft/net/loop/loop.h"

namespace weft::http1 {

/// An instance behind an origin, as one loop sees it. Its connections hold it.
class Instance final : public cluster::Member {
 public:
  Instance(net::Loop& loop, cluster::Endpoint endpoint)
      : Member(std::move(endpoint)), backoff_(loop.rng(), kFirstPause, kMostPause) {}

  /// A connection to it was made.
  void worked() noexcept { backoff_.reset(); }
  /// None could be made: others are preferred until retry_at().
  void failed(TimePoint now) noexcept { retry_at_ = after(now, backoff_.next()); }
  TimePoint retry_at() const noexcept { return retry_at_; }
  /// The resolver does not list it any more: its connections are not kept.
  bool gone() const noexcept { return gone_; }
  void set_gone() noexcept { gone_ = true; }

 private:
  // Requests fail rather than wait for it, so the pauses are shorter than those of a channel.
  static constexpr Duration kFirstPause = std::chrono::milliseconds(200);
  static constexpr Duration kMostPause = std::chrono::seconds(30);

  cluster::Backoff backoff_;
  TimePoint retry_at_{};
  bool gone_ = false;
};

}  // namespace weft::http1
