#include "weft/middleware/attempts/hedge.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weft/coro/frame/countdown.h"
#include "weft/coro/frame/exception.h"
#include "weft/middleware/attempts/internal/pushback.h"
#include "weft/middleware/attempts/latency_quantile.h"
#include "weft/middleware/config/internal/method_table.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/net/loop/awaited.h"
#include "weft/rpc/client/attempt.h"

namespace weft {
namespace {

using middleware::Pushback;
using middleware::pushback_of;
using rpc::Attempt;
using rpc::Attempts;

/// The attempts of one call, which run side by side, and what decides between them.
class Hedges {
 public:
  Hedges(Call& call, Next next, const HedgeOptions& options, RetryBudget* budget,
         LatencyQuantile* latency)
      : call_(call),
        next_(next),
        options_(options),
        budget_(budget),
        latency_(latency),
        attempts_(call, options.buffer_limit, Attempts::CommitAt::ResponseMetadata) {
    attempts_.set_on_adopted(&Hedges::wake, this);
    if (budget_ != nullptr) budget_->on_call(now());
  }
  Hedges(const Hedges&) = delete;
  Hedges& operator=(const Hedges&) = delete;

  void start();
  /// True when an attempt has decided the call, or there is nothing more to wait for.
  bool look();
  /// Starts another attempt if it is time.
  bool start_if_due();
  TimePoint next_at() const noexcept { return may_start_ ? next_at_ : kNever; }
  /// What a coroutine waits with until something happens. For net::Awaited.
  net::Wait*& waiting() noexcept { return waiting_; }
  /// Cancels all but the one that has decided.
  void cancel_others() noexcept;
  coro::Countdown& running() noexcept { return running_; }
  /// Once nothing runs.
  Task<Status> finish();

 private:
  struct HedgedAttempt {
    HedgedAttempt(Hedges& owner, std::uint32_t number)
        : hedges(owner), attempt(owner.attempts_, number), index(number) {}
    Hedges& hedges;
    Attempt attempt;
    std::uint32_t index;
    Status status;
    bool ended = false;
    bool judged = false;
    // Last, so that its frame goes before what it refers to.
    Task<Status> task{Status()};
  };

  TimePoint now() const noexcept { return call_.loop().now(); }
  void tell(std::string_view event, std::int64_t value = 0) const noexcept {
    weft::tell(options_.observer,
               {.policy = "hedge", .event = event, .path = call_.path(), .value = value});
  }
  Duration delay() const noexcept;
  bool judge(HedgedAttempt& ended);
  void stop_starting(std::string_view event) noexcept;
  void record_latencies() noexcept;
  static void on_ended(void* argument) noexcept;
  static void wake(void* self) noexcept;

  Call& call_;
  Next next_;
  const HedgeOptions& options_;
  RetryBudget* budget_;
  LatencyQuantile* latency_;
  Attempts attempts_;
  std::vector<std::unique_ptr<HedgedAttempt>> sent_;
  coro::Countdown running_;
  std::size_t running_count_ = 0;
  TimePoint next_at_ = kNever;
  bool may_start_ = true;
  HedgedAttempt* decided_ = nullptr;
  net::Wait* waiting_ = nullptr;
};

void Hedges::wake(void* self) noexcept {
  auto& hedges = *static_cast<Hedges*>(self);
  if (hedges.waiting_ != nullptr) hedges.waiting_->complete();
}

Duration Hedges::delay() const noexcept {
  if (options_.delay_quantile <= 0 || latency_ == nullptr) return options_.delay;
  const std::optional<Duration> seen = latency_->quantile(now(), options_.delay_quantile);
  return seen ? std::max(*seen, options_.min_delay) : options_.delay;
}

void Hedges::start() {
  const auto index = static_cast<std::uint32_t>(sent_.size());
  if (index != 0) tell("attempt", index);
  HedgedAttempt& started = *sent_.emplace_back(std::make_unique<HedgedAttempt>(*this, index));
  may_start_ = may_start_ && sent_.size() < options_.max_attempts;
  next_at_ = after(now(), delay());
  Context& context = started.attempt.call().context();
  running_.add();
  ++running_count_;
  started.task = next_(started.attempt.call()).in(context);
  started.task.start(&context, {.function = &Hedges::on_ended, .argument = &started});
}

void Hedges::on_ended(void* argument) noexcept {
  HedgedAttempt& ended = *static_cast<HedgedAttempt*>(argument);
  Hedges& hedges = ended.hedges;
  try {
    ended.status = ended.task.take();
  } catch (...) {
    ended.status = coro::status_of_current_exception(hedges.call_.path());
  }
  ended.ended = true;
  --hedges.running_count_;
  wake(&hedges);
  hedges.running_.subtract();
}

bool Hedges::look() {
  for (const std::unique_ptr<HedgedAttempt>& one : sent_) {
    if (one->attempt.adopted() || (one->ended && !one->judged && judge(*one))) {
      decided_ = one.get();
      return true;
    }
  }
  return running_count_ == 0 && !may_start_;
}

/// Whether the end of an attempt is that of the call.
bool Hedges::judge(HedgedAttempt& ended) {
  ended.judged = true;
  if (call_.context().is_cancelled()) return false;
  const Pushback pushback = pushback_of(ended.attempt.call().trailers());
  if (ended.status.ok()) {
    if (budget_ != nullptr) budget_->on_success();
    return true;
  }
  const bool fatal = !options_.non_fatal.contains(ended.status.code());
  if (budget_ != nullptr && (!fatal || pushback.stop)) budget_->on_failure();
  if (fatal) return true;
  // Its status is the call's where no other attempt does better.
  decided_ = &ended;
  if (pushback.stop && may_start_) stop_starting("pushed_back");
  next_at_ = after(now(), pushback.pause.value_or(Duration::zero()));
  return false;
}

void Hedges::stop_starting(std::string_view event) noexcept {
  may_start_ = false;
  tell(event);
}

bool Hedges::start_if_due() {
  if (!may_start_ || now() < next_at_) return false;
  if (call_.context().deadline() <= now()) {
    may_start_ = false;
  } else if (budget_ != nullptr && !budget_->try_spend(now())) {
    stop_starting("over_budget");
  } else {
    start();
  }
  return true;
}

void Hedges::cancel_others() noexcept {
  for (const std::unique_ptr<HedgedAttempt>& one : sent_) {
    if (one.get() == decided_ || one->ended) continue;
    // It would have taken longer than this; leaving that out would make every quantile shrink.
    const bool lost = decided_ != nullptr && !call_.context().is_cancelled();
    if (latency_ != nullptr && lost) latency_->record(now(), now() - one->attempt.begun());
    one->attempt.call().context().cancel(
        cancelled("another attempt of this call was answered first (hedging)"));
  }
}

void Hedges::record_latencies() noexcept {
  if (latency_ == nullptr) return;
  const TimePoint answered = decided_->attempt.answered();
  if (answered != kNever) latency_->record(now(), answered - decided_->attempt.begun());
}

Task<Status> Hedges::finish() {
  const bool cancelled = call_.context().is_cancelled();
  if (decided_ == nullptr ||
      (cancelled && !decided_->attempt.adopted() && !decided_->status.ok())) {
    return Status(call_.context().cancel_reason());
  }
  if (attempts_.overflowed_at() != 0) {
    tell("buffer_full", static_cast<std::int64_t>(attempts_.overflowed_at()));
  }
  record_latencies();
  if (decided_->index != 0 && decided_->status.ok()) tell("won", decided_->index);
  if (budget_ != nullptr && !decided_->judged) {
    if (decided_->status.ok()) budget_->on_success();
    if (options_.non_fatal.contains(decided_->status.code())) budget_->on_failure();
  }
  return decided_->attempt.finish(std::move(decided_->status));
}

Task<Status> hedged(Call& call, Next next, const HedgeOptions& options, RetryBudget* budget,
                    LatencyQuantile* latency) {
  Hedges hedges(call, next, options, budget, latency);
  hedges.start();
  while (!hedges.look()) {
    if (hedges.start_if_due()) continue;
    net::Wait wait(call.loop(), hedges.next_at());
    const net::Awaited awaited(hedges.waiting(), wait);
    const Status waited = co_await wait;
    if (!waited.ok()) break;  // the caller's cancellation has reached the attempts
  }
  hedges.cancel_others();
  co_await hedges.running();
  co_return co_await hedges.finish();
}

using Latencies = middleware::MethodTable<LatencyQuantile>;

struct Hedge {
  HedgeOptions options;
  std::shared_ptr<Latencies> latencies;  // null: not needed

  Task<Status> operator()(Call& call, Next next) const {
    LatencyQuantile* latency = latencies == nullptr ? nullptr : &latencies->of(call.path());
    return run_with_hedges(call, next, options, options.budget.get(), latency);
  }
};

struct HedgeByPolicy {
  HedgePolicies policies;
  std::shared_ptr<Latencies> latencies = std::make_shared<Latencies>();

  Task<Status> operator()(Call& call, Next next) const {
    std::shared_ptr<const HedgeOptions> options = policies(call);
    if (options == nullptr) return next(call);
    if (const Status valid = validate(*options); !valid.ok()) {
      return failed_precondition(valid.message());
    }
    LatencyQuantile* latency = options->delay_quantile > 0 ? &latencies->of(call.path()) : nullptr;
    return run(call, next, std::move(options), latency);
  }

 private:
  static Task<Status> run(Call& call, Next next, std::shared_ptr<const HedgeOptions> options,
                          LatencyQuantile* latency) {
    co_return co_await run_with_hedges(call, next, *options, options->budget.get(), latency);
  }
};

}  // namespace

Status validate(const HedgeOptions& options) {
  using middleware::impossible;
  if (options.max_attempts == 0) {
    return impossible("HedgeOptions::max_attempts", "0", "must be at least 1");
  }
  if (options.delay < Duration::zero()) {
    return impossible("HedgeOptions::delay", to_string(options.delay), "must be 0 or more");
  }
  if (options.min_delay < Duration::zero()) {
    return impossible("HedgeOptions::min_delay", to_string(options.min_delay), "must be 0 or more");
  }
  if (!(options.delay_quantile >= 0 && options.delay_quantile <= 1)) {
    return impossible("HedgeOptions::delay_quantile", options.delay_quantile,
                      "must be from 0 to 1");
  }
  if (options.non_fatal.contains(StatusCode::Ok)) {
    return impossible("HedgeOptions::non_fatal", "OK", "must be codes of failures");
  }
  return ok_status();
}

Middleware hedge(HedgeOptions options) {
  if (Status valid = validate(options); !valid.ok()) {
    return middleware::unusable(std::move(valid));
  }
  if (options.budget == nullptr) options.budget = ratio_budget();
  std::shared_ptr<Latencies> latencies =
      options.delay_quantile > 0 ? std::make_shared<Latencies>() : nullptr;
  return Hedge{std::move(options), std::move(latencies)};
}

Middleware hedge(HedgePolicies policies) { return HedgeByPolicy{std::move(policies)}; }

Task<Status> run_with_hedges(Call& call, Next next, const HedgeOptions& options,
                             RetryBudget* budget, LatencyQuantile* latency) {
  if (options.max_attempts <= 1 || call.side() == Call::Side::Server) return next(call);
  return hedged(call, next, options, budget, latency);
}

}  // namespace weft
