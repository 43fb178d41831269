#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "weft/base/status_code_set.h"
#include "weft/base/time.h"
#include "weft/middleware/attempts/retry_budget.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

class LatencyQuantile;

/// When a call is sent a second time without waiting for the first to fail (gRFC A6; Dean and
/// Barroso, "The Tail at Scale", 2013). Only for methods whose handler may run twice.
struct HedgeOptions {
  /// With the first; 1: no hedging.
  std::uint32_t max_attempts = 2;
  /// How long the attempts so far may take before the next is sent; zero sends all at once.
  Duration delay = std::chrono::milliseconds(100);
  /// Above 0: the delay is what this share of the method's attempts has taken lately (0.95: the
  /// slowest twentieth is hedged), and `delay` counts until enough of them were seen.
  double delay_quantile = 0;
  /// A delay from the quantile is at least this.
  Duration min_delay = std::chrono::milliseconds(1);
  /// Statuses that do not end the call while other attempts run; the next attempt is sent at once.
  StatusCodeSet non_fatal{StatusCode::Unavailable};
  /// As RetryOptions::buffer_limit.
  std::size_t buffer_limit = std::size_t{256} * 1024;
  /// Null: a ratio_budget() of its own.
  std::shared_ptr<RetryBudget> budget = nullptr;
  /// Must outlive the calls. Policy "hedge"; events:
  ///   "attempt"      a further attempt begins; value: how many came before
  ///   "won"          the call was answered by an attempt other than the first; value: which
  ///   "over_budget"  the budget refused a further attempt
  ///   "pushed_back"  the server said not to send more
  ///   "buffer_full"  the requests exceed buffer_limit; value: bytes that were kept
  PolicyObserver* observer = nullptr;
};

/// INVALID_ARGUMENT naming the option, its value and what it may be.
Status validate(const HedgeOptions& options);

/// Hedges calls of a channel. The first attempt whose response begins, or that ends with OK or a
/// status that is not in `non_fatal`, is the call's; the others are cancelled, and the call ends
/// when they have ended. With options that are not valid every call fails.
Middleware hedge(HedgeOptions options = {});

/// What a method's calls do, looked up at the start of each; null: no hedging. From any thread.
/// Options without budget hedge without one.
using HedgePolicies = std::function<std::shared_ptr<const HedgeOptions>(const Call&)>;
Middleware hedge(HedgePolicies policies);

/// One call, hedged as `options` say, which must be valid and outlive it. `budget` is taken instead
/// of the options', null for none; `latency` is that of the method and needed for delay_quantile.
Task<Status> run_with_hedges(Call& call, Next next, const HedgeOptions& options,
                             RetryBudget* budget, LatencyQuantile* latency = nullptr);

}  // namespace weft
