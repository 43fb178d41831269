#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/middleware/limits/priority.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Estimates a quantile of times that come one by one and change over time, in one number, for use
/// at every call (LatencyQuantile knows all quantiles, and costs more to ask): each that is longer
/// moves the estimate up by a share of itself, each that is shorter moves it down, in such a
/// proportion that it rests at the quantile (stochastic approximation after H. Robbins and S.
/// Monro, 1951, on the logarithm). Not thread-safe.
class TimeQuantile {
 public:
  /// `quantile` in (0, 1).
  explicit TimeQuantile(double quantile) noexcept : quantile_(quantile) {}

  void add(Duration time) noexcept;
  /// What was broken off after so long: says something where it is more than the estimate.
  void add_at_least(Duration time) noexcept {
    if (time > estimate()) add(time);
  }
  Duration estimate() const noexcept { return Duration(static_cast<Duration::rep>(nanoseconds_)); }
  std::uint32_t samples() const noexcept { return samples_; }

 private:
  double quantile_;
  double nanoseconds_ = 0;
  std::uint32_t samples_ = 0;
};

struct DeadlineSheddingOptions {
  /// A call is refused when it has less time left than this share of the method's calls is served
  /// within: 0.5 refuses calls that would most probably come too late, less refuses fewer. In (0,
  /// 1).
  double quantile = 0.5;
  /// No call of a method is refused before this many of its calls have been seen on the loop.
  std::uint32_t min_samples = 20;
  /// This share of what would be refused passes, so that the estimate follows when a method becomes
  /// quicker. In (0, 1].
  double probe_share = 0.05;
  /// Methods to keep estimates of, for each loop.
  std::size_t max_methods = 1024;
  /// Told "shed": "deadline" (value: the nanoseconds that the call had left).
  PolicyObserver* observer = nullptr;
};

struct PrioritySheddingOptions {
  /// Calls under way at the same time, on all loops together, that the server can take. At least 1.
  std::size_t limit = 0;
  /// What part of the limit each class may use.
  PriorityShares shares{};
  /// Told "shed": "priority" (value: the calls under way).
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const DeadlineSheddingOptions& options);
Status validate(const PrioritySheddingOptions& options);

/// Refuses unary calls that can no longer be answered in time, with DEADLINE_EXCEEDED, before their
/// request is decoded (server) or sent (client): the time they have left is less than the method
/// usually takes. The wait for an overloaded loop is not counted here: that is
/// ServerOptions::max_queue_delay's, which refuses before any middleware runs.
///
/// Estimates are per loop and method; calls share nothing.
Middleware shed_by_deadline(DeadlineSheddingOptions options = {});

/// Refuses calls with UNAVAILABLE as the number of those under way comes near the limit, those that
/// matter least first. adaptive_limit() does the same to a limit that finds itself
/// (AdaptiveLimitOptions::shares). The number is the process's, an atomic counter.
Middleware shed_by_priority(PrioritySheddingOptions options);

}  // namespace weft
