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

/// Which calls are tried again, and when (gRFC A6).
struct RetryOptions {
  /// With the first; 1: no retries.
  std::uint32_t max_attempts = 3;
  /// Statuses after which a call is tried again.
  StatusCodeSet codes{StatusCode::Unavailable};
  /// The pause before attempt n+1 is initial_backoff * multiplier^(n-1), at most max_backoff, give
  /// or take a random part of `jitter` (0.2: +-20 %). A server's `grpc-retry-pushback-ms` replaces
  /// it; a google.rpc.RetryInfo among the status's details may make it longer.
  Duration initial_backoff = std::chrono::milliseconds(50);
  Duration max_backoff = std::chrono::seconds(1);
  double multiplier = 2;
  double jitter = 0.2;
  /// An attempt that has brought no response metadata after this long is cancelled and the call
  /// repeated, also if `codes` lacks DEADLINE_EXCEEDED. The server learns of it by the cancellation
  /// only. By default, as in gRPC, an attempt has what is left of the call's deadline: then an
  /// instance that hangs uses all of it, and retries do not help. The first time that happens to a
  /// method it is logged. A good value is several times what the method usually takes.
  Duration per_try_timeout = kForever;
  /// Requests are kept to be sent again up to this many bytes; a call with more commits to the
  /// attempt it has. The request of a unary or server-streaming call lies with the caller and is
  /// not counted.
  std::size_t buffer_limit = std::size_t{256} * 1024;
  /// For methods marked idempotent (`option idempotency_level`): an attempt may still fail and be
  /// repeated when its response has begun. A single response is held back until its status, a
  /// stream until its first message.
  bool after_response_began = false;
  /// Shared by channels that have one load to protect. Null: a ratio_budget() of its own.
  std::shared_ptr<RetryBudget> budget = nullptr;
  /// Must outlive the calls. Policy "retry"; events:
  ///   "attempt"        a further attempt begins; value: how many came before
  ///   "over_budget"    the budget refused a further attempt
  ///   "pushed_back"    the server asked for no retry
  ///   "exhausted"      max_attempts attempts have failed; value: how many
  ///   "out_of_time"    the deadline comes before the next attempt would
  ///   "buffer_full"    the requests exceed buffer_limit; value: bytes that were kept
  PolicyObserver* observer = nullptr;
};

/// INVALID_ARGUMENT naming the option, its value and what it may be.
Status validate(const RetryOptions& options);

/// Repeats calls of a channel that fail. Never when the response has begun (its metadata has
/// arrived), but for `after_response_began`; never beyond the deadline. Each attempt passes through
/// what comes after this in the channel. With options that are not valid every call fails.
///
///     channel.use(retry({.max_attempts = 4, .codes = {StatusCode::Unavailable}}));
Middleware retry(RetryOptions options = {});

/// What a method's calls do, looked up at the start of each; null: no retries. From any thread.
/// Options without budget retry without one.
using RetryPolicies = std::function<std::shared_ptr<const RetryOptions>(const Call&)>;
Middleware retry(RetryPolicies policies);

/// One call, tried as `options` say, which must be valid and outlive it. `budget` is taken instead
/// of the options', null for none.
Task<Status> run_with_retries(Call& call, Next next, const RetryOptions& options,
                              RetryBudget* budget);

}  // namespace weft
