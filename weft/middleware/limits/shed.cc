#include "weft/middleware/limits/shed.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/middleware/internal/lru_map.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/middleware/limits/internal/permits.h"
#include "weft/net/loop/loop_local.h"

namespace weft {

using middleware::impossible;

void TimeQuantile::add(Duration time) noexcept {
  // Large steps at first, then small ones: the last of them bound how far it strays at rest.
  constexpr double kLastStep = 0.05;
  const auto sample = static_cast<double>(std::max<Duration::rep>(time.count(), 1));
  if (samples_ < UINT32_MAX) ++samples_;
  if (samples_ == 1) {
    nanoseconds_ = sample;
    return;
  }
  const double step = std::max(kLastStep, 1.0 / samples_);
  nanoseconds_ *= sample > nanoseconds_ ? 1 + step * quantile_ : 1 - step * (1 - quantile_);
}

Status validate(const DeadlineSheddingOptions& options) {
  if (!(options.quantile > 0 && options.quantile < 1)) {
    return impossible("DeadlineSheddingOptions::quantile", options.quantile,
                      "must lie between 0 and 1");
  }
  if (!(options.probe_share > 0 && options.probe_share <= 1)) {
    return impossible("DeadlineSheddingOptions::probe_share", options.probe_share,
                      "must be more than 0, or a method that was slow once stays refused, and at "
                      "most 1");
  }
  if (options.max_methods == 0) {
    return impossible("DeadlineSheddingOptions::max_methods", "0", "must be at least 1");
  }
  return {};
}

Status validate(const PrioritySheddingOptions& options) {
  if (options.limit == 0) {
    return impossible("PrioritySheddingOptions::limit", "0",
                      "must be at least 1, or no call would ever pass");
  }
  return validate(options.shares);
}

namespace {

/// What is known of a method. Held by its calls, too: the map may forget it.
struct Method : LocalCounted {
  explicit Method(double quantile) noexcept : time(quantile) {}
  TimeQuantile time;
};

struct Methods {
  explicit Methods(std::size_t most) : by_path(most) {}
  middleware::LruMap<LocalRef<Method>> by_path;
};

struct Deadlines {
  DeadlineSheddingOptions options;
  net::LoopLocal<Methods> methods;
};

std::string rounded(Duration duration) {
  return to_string(std::chrono::round<std::chrono::microseconds>(duration));
}

struct ShedByDeadline {
  std::shared_ptr<const Deadlines> shared;

  Task<Status> operator()(Call& call, Next next) const {
    if (call.method() != nullptr && call.method()->kind != MethodKind::Unary) return next(call);
    const DeadlineSheddingOptions& options = shared->options;
    LocalRef<Method>& found =
        shared->methods.of(call.loop(), options.max_methods).by_path.get(call.path());
    if (!found) found = LocalRef<Method>::make(options.quantile);
    const TimePoint now = call.loop().now();
    const TimePoint deadline = call.context().deadline();
    const TimeQuantile& time = found->time;
    const bool doomed = deadline != kNever && time.samples() >= options.min_samples &&
                        deadline - now < time.estimate();
    if (doomed && call.loop().rng().uniform() >= options.probe_share) {
      return refuse(options, time.estimate(), deadline - now, call);
    }
    return run(found, now, call, next);
  }

 private:
  static Status refuse(const DeadlineSheddingOptions& options, Duration takes, Duration left,
                       const Call& call) {
    tell(options.observer,
         {.policy = "shed", .event = "deadline", .path = call.path(), .value = left.count()});
    return deadline_exceeded("the call has " + rounded(left) + " left, and " +
                             std::string(call.path()) + " takes about " + rounded(takes) +
                             " as a rule (shed_by_deadline)");
  }

  static Task<Status> run(LocalRef<Method> method, TimePoint begun, Call& call, Next next) {
    Status status = co_await next(call);
    const Duration took = call.loop().now() - begun;
    if (status.ok()) method->time.add(took);
    if (status.code() == StatusCode::DeadlineExceeded) method->time.add_at_least(took);
    co_return status;
  }
};

struct Priorities {
  PrioritySheddingOptions options;
  Status refusal;
  middleware::Permits permits;
};

struct ShedByPriority {
  std::shared_ptr<Priorities> shared;

  Task<Status> operator()(Call& call, Next next) const {
    const PrioritySheddingOptions& options = shared->options;
    const double share = static_cast<double>(options.limit) * options.shares.of(call);
    const auto allowed = std::max<std::size_t>(static_cast<std::size_t>(share), 1);
    if (shared->permits.try_take(allowed)) return run(shared->permits, call, next);
    tell(options.observer, {.policy = "shed",
                            .event = "priority",
                            .path = call.path(),
                            .value = static_cast<std::int64_t>(shared->permits.taken())});
    return Status(shared->refusal);
  }

 private:
  static Task<Status> run(middleware::Permits& permits, Call& call, Next next) {
    const middleware::Held held(permits);
    co_return co_await next(call);
  }
};

}  // namespace

Middleware shed_by_deadline(DeadlineSheddingOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  auto shared = std::make_shared<Deadlines>();
  shared->options = options;
  return ShedByDeadline{std::move(shared)};
}

Middleware shed_by_priority(PrioritySheddingOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  auto shared = std::make_shared<Priorities>();
  shared->refusal = unavailable(
      "the share of the limit of " + std::to_string(options.limit) +
      " calls that calls of this priority may use is in use (PrioritySheddingOptions::shares)");
  shared->options = std::move(options);
  return ShedByPriority{std::move(shared)};
}

}  // namespace weft
