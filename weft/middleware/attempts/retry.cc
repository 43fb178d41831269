#include "weft/middleware/attempts/retry.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/middleware/attempts/internal/pushback.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/client/attempt.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft {
namespace {

using middleware::Pushback;
using middleware::pushback_of;
using rpc::Attempt;
using rpc::Attempts;

Attempts::CommitAt commit_at(const RetryOptions& options, const Call& call) {
  const bool may_repeat = call.method() != nullptr && call.method()->idempotent;
  return options.after_response_began && may_repeat ? Attempts::CommitAt::Response
                                                    : Attempts::CommitAt::ResponseMetadata;
}

constinit LogOnce logged;

/// Once for a method. gRPC bounds attempts no more than we do, and no value is
/// right for all methods, so this is what there is to do about it.
[[gnu::cold]] void log_no_try_timeout(std::string_view path) {
  if (!logged.is_new(path)) return;
  log(LogLevel::Warn,
      std::string(path) +
          ": the deadline passed during an attempt without an answer, and there was no "
          "time for another: set RetryOptions::per_try_timeout, or an instance that "
          "hangs uses up the deadline of each call that it gets");
}

/// What is decided about one call between its attempts.
class Decider {
 public:
  Decider(Attempts& attempts, const RetryOptions& options, RetryBudget* budget) noexcept
      : attempts_(attempts), options_(options), budget_(budget) {
    if (budget_ != nullptr) budget_->on_call(now());
  }

  void tell(std::string_view event, std::int64_t value = 0) const noexcept {
    weft::tell(options_.observer,
               {.policy = "retry", .event = event, .path = call().path(), .value = value});
  }

  /// How long to pause before the next attempt; nothing where there is to be none. `attempts`: how
  /// many have been made.
  std::optional<Duration> pause(Attempt& attempt, const Status& status, std::uint32_t attempts) {
    const Pushback pushback = pushback_of(attempt.call().trailers());
    if (!settle(attempt, status, pushback)) return std::nullopt;
    if (pushback.stop) return stop("pushed_back");
    if (attempts >= options_.max_attempts) return stop("exhausted", attempts);
    const Duration pause =
        pushback.pause ? pushed_back(*pushback.pause)
                       : std::max(back_off(), retry_delay(status).value_or(Duration::zero()));
    if (after(now(), pause) >= call().context().deadline()) return stop("out_of_time");
    if (budget_ != nullptr && !budget_->try_spend(now())) return stop("over_budget");
    return pause;
  }

 private:
  Call& call() const noexcept { return attempts_.call(); }
  TimePoint now() const noexcept { return call().loop().now(); }
  std::optional<Duration> stop(std::string_view event, std::int64_t value = 0) const noexcept {
    tell(event, value);
    return std::nullopt;
  }

  /// Tells the budget how an attempt went; whether the call may be tried again as far as that goes.
  bool settle(const Attempt& attempt, const Status& status, const Pushback& pushback) {
    if (call().context().is_cancelled()) {
      if (hung()) log_no_try_timeout(call().path());
      return false;
    }
    const bool repeatable = options_.codes.contains(status.code()) || attempt.timed_out();
    if (budget_ != nullptr && status.ok()) budget_->on_success();
    if (budget_ != nullptr && !status.ok() && (repeatable || pushback.stop)) budget_->on_failure();
    if (attempts_.overflowed_at() != 0) {
      tell("buffer_full", static_cast<std::int64_t>(attempts_.overflowed_at()));
    }
    return !status.ok() && repeatable && attempts_.adopted() == nullptr;
  }

  /// Whether the deadline passed while an attempt that nothing else bounds had no answer.
  bool hung() const noexcept {
    return options_.per_try_timeout == kForever && attempts_.adopted() == nullptr &&
           call().context().cancel_reason().code() == StatusCode::DeadlineExceeded;
  }

  /// The server knows better, and later pauses begin anew (gRFC A6).
  Duration pushed_back(Duration pause) noexcept {
    failures_ = 0;
    return pause;
  }
  Duration back_off() noexcept {
    const double growth = std::pow(options_.multiplier, failures_++);
    const Duration pause = std::min(scaled(options_.initial_backoff, growth), options_.max_backoff);
    return scaled(pause, 1 + options_.jitter * (2 * call().loop().rng().uniform() - 1));
  }

  Attempts& attempts_;
  const RetryOptions& options_;
  RetryBudget* budget_;
  std::uint32_t failures_ = 0;  // since the last push-back
};

/// Why a pause ended early, with what it came after.
Status cut_short(const Status& reason, const Status& last) {
  std::string message(reason.message());
  message.append(" before the next attempt; the last one: ").append(last.to_string());
  return Status(reason.code(), message, reason.origin());
}

Task<Status> tried(Call& call, Next next, const RetryOptions& options, RetryBudget* budget) {
  Attempts attempts(call, options.buffer_limit, commit_at(options, call));
  Decider decider(attempts, options, budget);
  for (std::uint32_t previous = 0;; ++previous) {
    if (previous != 0) decider.tell("attempt", previous);
    Status status;
    Duration pause;
    {
      Attempt attempt(attempts, previous);
      attempt.limit_until_adopted(options.per_try_timeout, "RetryOptions::per_try_timeout");
      status = co_await next(attempt.call()).in(attempt.call().context());
      const std::optional<Duration> again = decider.pause(attempt, status, previous + 1);
      if (!again) co_return co_await attempt.finish(std::move(status));
      pause = *again;
    }
    net::Wait wait(call.loop(), after(call.loop().now(), pause));
    const Status waited = co_await wait;
    if (!waited.ok()) co_return cut_short(waited, status);
  }
}

struct Retry {
  RetryOptions options;

  Task<Status> operator()(Call& call, Next next) const {
    return run_with_retries(call, next, options, options.budget.get());
  }
};

struct RetryByPolicy {
  RetryPolicies policies;

  Task<Status> operator()(Call& call, Next next) const {
    std::shared_ptr<const RetryOptions> options = policies(call);
    if (options == nullptr) return next(call);
    if (const Status valid = validate(*options); !valid.ok()) {
      return failed_precondition(valid.message());
    }
    return run(call, next, std::move(options));
  }

 private:
  static Task<Status> run(Call& call, Next next, std::shared_ptr<const RetryOptions> options) {
    co_return co_await run_with_retries(call, next, *options, options->budget.get());
  }
};

}  // namespace

Status validate(const RetryOptions& options) {
  using middleware::impossible;
  if (options.max_attempts == 0) {
    return impossible("RetryOptions::max_attempts", "0", "must be at least 1");
  }
  if (options.initial_backoff < Duration::zero()) {
    return impossible("RetryOptions::initial_backoff", to_string(options.initial_backoff),
                      "must be 0 or more");
  }
  if (options.max_backoff < options.initial_backoff) {
    return impossible("RetryOptions::max_backoff", to_string(options.max_backoff),
                      "must be at least initial_backoff, " + to_string(options.initial_backoff));
  }
  if (!(options.multiplier >= 1 && options.multiplier <= 1000)) {
    return impossible("RetryOptions::multiplier", options.multiplier, "must be from 1 to 1000");
  }
  if (!(options.jitter >= 0 && options.jitter <= 1)) {
    return impossible("RetryOptions::jitter", options.jitter, "must be from 0 to 1");
  }
  if (options.per_try_timeout <= Duration::zero()) {
    return impossible("RetryOptions::per_try_timeout", to_string(options.per_try_timeout),
                      "must be more than 0");
  }
  if (options.codes.contains(StatusCode::Ok)) {
    return impossible("RetryOptions::codes", "OK", "must be codes of failures");
  }
  return ok_status();
}

Middleware retry(RetryOptions options) {
  if (Status valid = validate(options); !valid.ok()) {
    return middleware::unusable(std::move(valid));
  }
  if (options.budget == nullptr) options.budget = ratio_budget();
  return Retry{std::move(options)};
}

Middleware retry(RetryPolicies policies) { return RetryByPolicy{std::move(policies)}; }

Task<Status> run_with_retries(Call& call, Next next, const RetryOptions& options,
                              RetryBudget* budget) {
  // On a server the response goes to a client that has its own mind about retries.
  if (options.max_attempts <= 1 || call.side() == Call::Side::Server) return next(call);
  return tried(call, next, options, budget);
}

}  // namespace weft
