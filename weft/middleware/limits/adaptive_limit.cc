#include "weft/middleware/limits/adaptive_limit.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "weft/middleware/internal/unusable.h"
#include "weft/net/loop/loop_local.h"

namespace weft {

using middleware::impossible;

namespace {

// Until the latency without load is known well: the first measurements are made soon.
constexpr Duration kFirstRemeasure = std::chrono::seconds(1);
constexpr double kMeasuringShare = 0.5;
constexpr double kLeastGradient = 0.5;
constexpr double kBackOff = 0.9;

Status validate_limits(const AdaptiveLimitOptions& options) {
  if (options.min_limit == 0) {
    return impossible("AdaptiveLimitOptions::min_limit", "0", "must be at least 1");
  }
  if (options.initial_limit < options.min_limit || options.initial_limit > options.max_limit) {
    return impossible("AdaptiveLimitOptions::initial_limit", std::to_string(options.initial_limit),
                      "must lie between min_limit, " + std::to_string(options.min_limit) +
                          ", and max_limit, " + std::to_string(options.max_limit));
  }
  return {};
}

}  // namespace

Status validate(const AdaptiveLimitOptions& options) {
  Status limits = validate_limits(options);
  if (!limits.ok()) return limits;
  if (!(options.tolerance >= 1)) {
    return impossible("AdaptiveLimitOptions::tolerance", options.tolerance, "must be at least 1");
  }
  if (!(options.smoothing > 0 && options.smoothing <= 1)) {
    return impossible("AdaptiveLimitOptions::smoothing", options.smoothing,
                      "must be more than 0 and at most 1");
  }
  if (options.window <= Duration::zero() || options.min_samples == 0) {
    return impossible("AdaptiveLimitOptions::window", to_string(options.window),
                      "must be more than 0, and min_samples at least 1");
  }
  if (options.remeasure_interval <= Duration::zero()) {
    return impossible("AdaptiveLimitOptions::remeasure_interval",
                      to_string(options.remeasure_interval), "must be more than 0");
  }
  return options.shares ? validate(*options.shares) : Status();
}

AdaptiveLimit::AdaptiveLimit(const AdaptiveLimitOptions& options) noexcept
    : options_(options),
      limit_(static_cast<double>(options.initial_limit)),
      remeasure_interval_(std::min(kFirstRemeasure, options.remeasure_interval)) {}

bool AdaptiveLimit::try_begin(double share) noexcept {
  const double allowed = std::max(1.0, limit_ * share);
  if (static_cast<double>(in_flight_ + 1) > allowed) return false;
  ++in_flight_;
  most_in_flight_ = std::max(most_in_flight_, in_flight_);
  return true;
}

void AdaptiveLimit::end(TimePoint begun, TimePoint now, Outcome outcome) noexcept {
  --in_flight_;
  if (began_ == TimePoint{}) {
    begin_window(begun);
    remeasure_at_ = after(now, remeasure_interval_);
  }
  if (phase_ == Phase::Draining) {
    if (static_cast<double>(in_flight_) > limit_) return;
    phase_ = Phase::Measuring;
    return begin_window(now);
  }
  // What began under a higher limit has waited.
  if (phase_ == Phase::Measuring && begun < began_) return;
  if (outcome == Outcome::Dropped) ++dropped_;
  if (outcome == Outcome::Answered) {
    ++answered_;
    total_ += now - begun;
  }
  const bool enough = answered_ + dropped_ >= options_.min_samples;
  if (enough && now - began_ >= options_.window) end_window(now);
}

void AdaptiveLimit::begin_window(TimePoint now) noexcept {
  began_ = now;
  answered_ = 0;
  dropped_ = 0;
  total_ = {};
  most_in_flight_ = in_flight_;
}

void AdaptiveLimit::end_window(TimePoint now) noexcept {
  const Duration average = answered_ == 0 ? Duration::zero() : total_ / answered_;
  if (phase_ == Phase::Measuring) {
    end_measuring(now, average);
  } else {
    adjust(average);
    if (now >= remeasure_at_) begin_measuring(now);
  }
  begin_window(now);
}

void AdaptiveLimit::adjust(Duration average) noexcept {
  if (dropped_ != 0) return set_limit(limit_ * kBackOff);
  if (no_load_ == Duration::zero() || average < no_load_) no_load_ = average;
  if (static_cast<double>(most_in_flight_) < limit_ / 2) return;
  const double ratio = static_cast<double>(no_load_.count()) /
                       static_cast<double>(std::max<Duration::rep>(average.count(), 1));
  const double gradient = std::clamp(options_.tolerance * ratio, kLeastGradient, 1.0);
  const double wanted = limit_ * gradient + std::sqrt(limit_);
  set_limit(limit_ * (1 - options_.smoothing) + wanted * options_.smoothing);
}

void AdaptiveLimit::begin_measuring(TimePoint now) noexcept {
  limit_before_ = limit_;
  set_limit(limit_ * kMeasuringShare);
  const bool drained = static_cast<double>(in_flight_) <= limit_;
  phase_ = drained ? Phase::Measuring : Phase::Draining;
  remeasure_interval_ = std::min(remeasure_interval_ * 2, options_.remeasure_interval);
  remeasure_at_ = after(now, remeasure_interval_);
}

void AdaptiveLimit::end_measuring(TimePoint now, Duration average) noexcept {
  phase_ = Phase::Limiting;
  limit_ = limit_before_;
  if (dropped_ == 0) {
    // Under half of a limit that was far too high calls waited still, only less.
    const bool much_less = average < no_load_ - no_load_ / 10;
    if (much_less) remeasure_interval_ = std::min(kFirstRemeasure, options_.remeasure_interval);
    no_load_ = average;
  }
  remeasure_at_ = after(now, remeasure_interval_);
}

void AdaptiveLimit::set_limit(double limit) noexcept {
  limit_ = std::clamp(limit, static_cast<double>(options_.min_limit),
                      static_cast<double>(options_.max_limit));
}

namespace {

using Outcome = AdaptiveLimit::Outcome;

struct Shared {
  AdaptiveLimitOptions options;
  Status refusal;
  net::LoopLocal<AdaptiveLimit> limits;
};

Outcome outcome_of(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::Ok:
      return Outcome::Answered;
    case StatusCode::Unavailable:
    case StatusCode::ResourceExhausted:
    case StatusCode::DeadlineExceeded:
      return Outcome::Dropped;
    default:
      return Outcome::Other;
  }
}

/// A call that is under way; it ends also where its coroutine is destroyed.
class Begun {
 public:
  Begun(const Shared& shared, AdaptiveLimit& limit, const Call& call) noexcept
      : shared_(shared), limit_(limit), call_(call), when_(call.loop().now()) {}
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;
  ~Begun() {
    const std::size_t before = limit_.limit();
    const bool measured = limit_.measuring();
    limit_.end(when_, call_.loop().now(), outcome_);
    if (shared_.options.observer == nullptr) return;
    if (limit_.limit() != before) tell_of("limit", static_cast<std::int64_t>(limit_.limit()));
    if (limit_.measuring() && !measured) tell_of("remeasure", 0);
  }
  void ended(const Status& status) noexcept { outcome_ = outcome_of(status); }

 private:
  void tell_of(std::string_view event, std::int64_t value) const noexcept {
    tell(shared_.options.observer,
         {.policy = "adaptive", .event = event, .path = call_.path(), .value = value});
  }
  const Shared& shared_;
  AdaptiveLimit& limit_;
  const Call& call_;
  TimePoint when_;
  Outcome outcome_ = Outcome::Other;
};

struct Adaptive {
  std::shared_ptr<const Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    if (call.method() != nullptr && call.method()->kind != MethodKind::Unary) return next(call);
    const AdaptiveLimitOptions& options = shared->options;
    AdaptiveLimit& limit = shared->limits.of(call.loop(), options);
    if (limit.try_begin(options.shares ? options.shares->of(call) : 1)) {
      return run(*shared, limit, call, next);
    }
    tell(options.observer, {.policy = "adaptive", .event = "rejected", .path = call.path()});
    return Status(shared->refusal);
  }

 private:
  static Task<Status> run(const Shared& shared, AdaptiveLimit& limit, Call& call, Next next) {
    Begun begun(shared, limit, call);
    Status status = co_await next(call);
    begun.ended(status);
    co_return status;
  }
};

}  // namespace

Middleware adaptive_limit(AdaptiveLimitOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  shared->refusal = unavailable(
      "the limit of calls that can be served without queueing is reached (adaptive_limit)");
  return Adaptive{std::move(shared)};
}

}  // namespace weft
