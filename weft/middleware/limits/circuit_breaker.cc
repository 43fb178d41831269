#include "weft/middleware/limits/circuit_breaker.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/middleware/internal/lru_map.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/net/loop/loop_local.h"

namespace weft {

using middleware::impossible;

Status validate(const CircuitBreakerOptions& options) {
  constexpr Duration kZero = Duration::zero();
  if (options.consecutive_failures == 0 && options.failure_ratio == 0) {
    return impossible("CircuitBreakerOptions::consecutive_failures and failure_ratio", "0",
                      "one of them must be set, or it never opens");
  }
  if (!(options.failure_ratio >= 0 && options.failure_ratio <= 1)) {
    return impossible("CircuitBreakerOptions::failure_ratio", options.failure_ratio,
                      "must lie between 0 and 1");
  }
  if (options.window <= kZero) {
    return impossible("CircuitBreakerOptions::window", to_string(options.window),
                      "must be more than 0");
  }
  if (options.open_time <= kZero || options.max_open_time < options.open_time) {
    return impossible(
        "CircuitBreakerOptions::open_time", to_string(options.open_time),
        "must be more than 0 and at most max_open_time, " + to_string(options.max_open_time));
  }
  if (!(options.growth >= 1)) {
    return impossible("CircuitBreakerOptions::growth", options.growth, "must be at least 1");
  }
  if (!(options.jitter >= 0 && options.jitter < 1)) {
    return impossible("CircuitBreakerOptions::jitter", options.jitter,
                      "must be at least 0 and less than 1");
  }
  if (options.probes == 0) {
    return impossible("CircuitBreakerOptions::probes", "0",
                      "must be at least 1, or it never closes");
  }
  if (options.max_keys == 0) {
    return impossible("CircuitBreakerOptions::max_keys", "0", "must be at least 1");
  }
  return {};
}

std::optional<CircuitBreaker::Pass> CircuitBreaker::admit(TimePoint now) {
  if (state_ == State::Closed) [[likely]]
    return era_;
  if (state_ == State::Open) {
    if (now < open_until_) return std::nullopt;
    enter(State::HalfOpen);
  }
  const bool stuck = probes_out_ != 0 && now - last_probe_ >= open_for_;
  if (stuck) probes_out_ = 0;
  if (probes_out_ + probes_passed_ >= options_.probes) return std::nullopt;
  ++probes_out_;
  last_probe_ = now;
  return era_;
}

void CircuitBreaker::record(Pass pass, TimePoint now, Outcome outcome, Rng& rng) {
  if (pass != era_) return;
  if (state_ == State::HalfOpen) return record_probe(now, outcome, rng);
  if (outcome != Outcome::Neither) record_closed(now, outcome == Outcome::Failure, rng);
}

void CircuitBreaker::record_closed(TimePoint now, bool failed, Rng& rng) {
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  if (options_.failure_ratio != 0) counts_.add(now, failed);
  if (!failed) return;
  if (options_.consecutive_failures != 0 && in_a_row_ >= options_.consecutive_failures) {
    open(now, Cause::InARow, rng);
  } else if (too_many_failed()) {
    open(now, Cause::Share, rng);
  }
}

bool CircuitBreaker::too_many_failed() const noexcept {
  if (options_.failure_ratio == 0 || counts_.all() < options_.minimum_calls) return false;
  return static_cast<double>(counts_.failed()) >=
         options_.failure_ratio * static_cast<double>(counts_.all());
}

void CircuitBreaker::record_probe(TimePoint now, Outcome outcome, Rng& rng) {
  // One that was given up on is not among them any more.
  if (probes_out_ != 0) --probes_out_;
  if (outcome == Outcome::Failure) return open(now, Cause::Probe, rng);
  if (outcome == Outcome::Neither || ++probes_passed_ < options_.probes) return;
  openings_ = 0;
  enter(State::Closed);
}

void CircuitBreaker::open(TimePoint now, Cause cause, Rng& rng) {
  cause_ = cause;
  failed_ = cause == Cause::Share ? counts_.failed() : in_a_row_;
  calls_ = counts_.all();
  const double growth = std::pow(options_.growth, static_cast<double>(openings_));
  const Duration capped = std::min(scaled(options_.open_time, growth), options_.max_open_time);
  // Half of the range, so that it may be rounded for a message also for max_open_time = kForever.
  open_for_ =
      std::min(Duration::max() / 2, scaled(capped, 1 + options_.jitter * (2 * rng.uniform() - 1)));
  open_until_ = after(now, open_for_);
  ++openings_;
  enter(State::Open);
}

void CircuitBreaker::enter(State state) noexcept {
  state_ = state;
  ++era_;
  in_a_row_ = 0;
  counts_.clear();
  probes_out_ = 0;
  probes_passed_ = 0;
}

std::string CircuitBreaker::why_open() const {
  switch (cause_) {
    case Cause::InARow:
      return std::to_string(failed_) + " failures in a row";
    case Cause::Share:
      return std::to_string(failed_) + " of " + std::to_string(calls_) + " calls failed";
    case Cause::Probe:
      break;
  }
  return "a probe failed";
}

namespace {

using State = CircuitBreaker::State;
using Outcome = CircuitBreaker::Outcome;

bool is_failure_by_default(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::Unavailable:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Internal:
    case StatusCode::Unknown:
    case StatusCode::DataLoss:
      return true;
    default:
      return false;
  }
}

std::string_view event_of(State state) noexcept {
  switch (state) {
    case State::Open:
      return "opened";
    case State::HalfOpen:
      return "half_open";
    case State::Closed:
      break;
  }
  return "closed";
}

/// A breaker and what is told to those it refuses. Held by its calls, too: the map may forget it.
struct Guarded : LocalCounted {
  Guarded(const CircuitBreakerOptions& options, std::string_view name)
      : breaker(options), key(name) {}
  CircuitBreaker breaker;
  std::string key;
  Status refusal;
};

/// A loop's breakers.
struct Breakers {
  explicit Breakers(std::size_t capacity) : by_key(capacity) {}
  middleware::LruMap<LocalRef<Guarded>> by_key;
  std::string key;  // of the call at hand
};

struct Shared {
  CircuitBreakerOptions options;
  net::LoopLocal<Breakers> breakers;
};

/// Reports how a call ended also where its coroutine is destroyed before that.
class Report {
 public:
  Report(const Shared& shared, LocalRef<Guarded> guarded, CircuitBreaker::Pass pass, Call& call)
      : shared_(shared), guarded_(std::move(guarded)), pass_(pass), call_(call) {}
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report() {
    if (!told_) tell(Outcome::Neither, Status());
  }
  void ended(const Status& status) { tell(outcome_of(status), status); }
  void threw() { tell(Outcome::Failure, internal_error("the handler threw an exception")); }

 private:
  Outcome outcome_of(const Status& status) const {
    if (status.ok()) return Outcome::Success;
    if (status.code() == StatusCode::Cancelled && call_.context().is_cancelled()) {
      return Outcome::Neither;
    }
    const CircuitBreakerOptions& options = shared_.options;
    const bool failed =
        options.is_failure ? options.is_failure(status) : is_failure_by_default(status);
    return failed ? Outcome::Failure : Outcome::Success;
  }
  void tell(Outcome outcome, const Status& status) {
    told_ = true;
    CircuitBreaker& breaker = guarded_->breaker;
    const State before = breaker.state();
    breaker.record(pass_, call_.loop().now(), outcome, call_.loop().rng());
    if (breaker.state() == before) return;
    const bool opened = breaker.state() == State::Open;
    if (opened) guarded_->refusal = refusal(status);
    weft::tell(shared_.options.observer, {.policy = "breaker",
                                          .event = event_of(breaker.state()),
                                          .path = call_.path(),
                                          .value = opened ? breaker.open_time().count() : 0});
  }
  /// Made once for all that are refused until the next probe.
  Status refusal(const Status& last) const {
    return unavailable(
        "the circuit breaker for " + guarded_->key + " is open for " +
        to_string(std::chrono::round<std::chrono::milliseconds>(guarded_->breaker.open_time())) +
        ": " + guarded_->breaker.why_open() + ", the last with " + last.to_string());
  }

  const Shared& shared_;
  LocalRef<Guarded> guarded_;
  CircuitBreaker::Pass pass_;
  Call& call_;
  bool told_ = false;
};

/// "/pkg.Service/Method at 10.0.0.1:80". Endpoints of the same addresses are the same instance, and
/// the first address is as good a name as any.
void append_method_and_endpoint(const Call& call, std::string& key) {
  key.append(call.path());
  if (call.endpoint()->addresses.empty()) return;
  const net::Address& address = call.endpoint()->addresses.front();
  const bool bracketed = address.family() == net::Address::Family::Ipv6;
  key.append(bracketed ? " at [" : " at ").append(address.host()).append(bracketed ? "]" : "");
  if (address.port() == 0) return;
  char port[8];
  key.push_back(':');
  key.append(port, std::to_chars(port, port + sizeof port, address.port()).ptr);
}

struct Breaker {
  std::shared_ptr<const Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    LocalRef<Guarded> guarded = find(call);
    CircuitBreaker& breaker = guarded->breaker;
    const State before = breaker.state();
    const std::optional<CircuitBreaker::Pass> pass = breaker.admit(call.loop().now());
    PolicyObserver* const observer = shared->options.observer;
    if (breaker.state() != before) {
      tell(observer, {.policy = "breaker", .event = "half_open", .path = call.path()});
    }
    if (pass) return run(*shared, std::move(guarded), *pass, call, next);
    tell(observer, {.policy = "breaker", .event = "rejected", .path = call.path()});
    return Status(guarded->refusal);
  }

 private:
  LocalRef<Guarded> find(const Call& call) const {
    const CircuitBreakerOptions& options = shared->options;
    Breakers& breakers = shared->breakers.of(call.loop(), options.max_keys);
    std::string_view key = call.path();
    if (options.key || call.endpoint() != nullptr) {
      breakers.key.clear();
      if (options.key) {
        options.key(call, breakers.key);
      } else {
        append_method_and_endpoint(call, breakers.key);
      }
      key = breakers.key;
    }
    LocalRef<Guarded>& found = breakers.by_key.get(key);
    if (!found) found = LocalRef<Guarded>::make(options, key);
    return found;
  }

  static Task<Status> run(const Shared& shared, LocalRef<Guarded> guarded,
                          CircuitBreaker::Pass pass, Call& call, Next next) {
    Report report(shared, std::move(guarded), pass, call);
    try {
      Status status = co_await next(call);
      report.ended(status);
      co_return status;
    } catch (...) {
      report.threw();
      throw;
    }
  }
};

}  // namespace

Middleware circuit_breaker(CircuitBreakerOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  return Breaker{std::move(shared)};
}

}  // namespace weft
