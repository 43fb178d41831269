#pragma once

#include <cstddef>
#include <memory>

#include "weft/base/time.h"

namespace weft {

/// Keeps retries and hedges from multiplying the load of a server that is in trouble. One budget is
/// shared by all calls of a channel, on every loop; its functions may be called from any thread.
class RetryBudget {
 public:
  virtual ~RetryBudget() = default;

  /// A call begins, with its first attempt.
  virtual void on_call(TimePoint now) noexcept = 0;
  /// Whether one more attempt of some call may be sent; what it costs is taken.
  virtual bool try_spend(TimePoint now) noexcept = 0;
  /// An attempt has ended with OK.
  virtual void on_success() noexcept = 0;
  /// An attempt has ended with a status that its policy would repeat, or the server has said that
  /// it shall not be repeated.
  virtual void on_failure() noexcept = 0;
};

/// Retries add at most a share of the load: in no window may there be more of them than `ratio`
/// times the calls in it, and `min_per_second` beside. (Finagle's RetryBudget.)
struct RatioBudgetOptions {
  double ratio = 0.2;
  /// So that a client with few calls retries at all.
  double min_per_second = 10;
  Duration window = std::chrono::seconds(10);  ///< at least 100 ms
};
std::shared_ptr<RetryBudget> ratio_budget(RatioBudgetOptions options = {});

/// gRPC's retryThrottling (gRFC A6): a failure takes a token, a success returns `token_ratio` of
/// one, and while no more than half of `max_tokens` are left nothing is retried.
struct TokenBudgetOptions {
  double max_tokens = 10;    ///< above 0, at most 1000
  double token_ratio = 0.1;  ///< above 0; counted in thousandths
};
std::shared_ptr<RetryBudget> token_budget(TokenBudgetOptions options = {});

/// Refuses nothing.
std::shared_ptr<RetryBudget> unlimited_budget();

}  // namespace weft
