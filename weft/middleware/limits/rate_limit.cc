#include "weft/middleware/limits/rate_limit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/text/number_text.h"
#include "weft/middleware/internal/lru_map.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft {
namespace {

using middleware::impossible;

// Fractions of a nanosecond, so that high rates are kept to; 2^63 of them are 18 years of uptime.
constexpr std::int64_t kTicks = 16;
constexpr double kTicksPerSecond = 1e9 * kTicks;
constexpr double kMostRate = 1e8;
// So that no sum of times overflows.
constexpr double kLongestFill = 30 * 86400.0;

std::int64_t ticks_of(TimePoint time) noexcept { return time.time_since_epoch().count() * kTicks; }

double burst_of(const RateLimitOptions& options) noexcept {
  return options.burst == 0 ? std::max(1.0, options.rate) : options.burst;
}

}  // namespace

TokenBucket::TokenBucket(double rate, double burst) noexcept
    : interval_(std::llround(kTicksPerSecond / rate)),
      room_(std::llround(kTicksPerSecond / rate * (burst - 1))) {}

Duration TokenBucket::take(TimePoint now, Duration max_wait) noexcept {
  const std::int64_t at = ticks_of(now);
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t from = std::max(full_at, at);
    const std::int64_t early = from - room_ - at;
    const Duration wait((std::max<std::int64_t>(early, 0) + kTicks - 1) / kTicks);
    if (wait > max_wait) return wait;
    if (full_at_.compare_exchange_weak(full_at, from + interval_, std::memory_order_relaxed)) {
      return wait;
    }
  }
}

Status validate(const RateLimitOptions& options) {
  if (!(options.rate > 0 && options.rate <= kMostRate)) {
    return impossible("RateLimitOptions::rate", options.rate, "must be more than 0, at most 1e8");
  }
  if (options.burst != 0 && !(options.burst >= 1)) {
    return impossible("RateLimitOptions::burst", options.burst,
                      "must be at least 1, or no call would ever pass");
  }
  if (!(burst_of(options) / options.rate <= kLongestFill)) {
    return impossible("RateLimitOptions::burst", burst_of(options),
                      "must be filled within 30 days by the rate");
  }
  if (options.max_keys == 0) {
    return impossible("RateLimitOptions::max_keys", "0", "must be at least 1");
  }
  if (options.max_wait < Duration::zero()) {
    return impossible("RateLimitOptions::max_wait", to_string(options.max_wait),
                      "must not be negative");
  }
  return {};
}

namespace {

/// The buckets of all keys.
class Buckets {
 public:
  explicit Buckets(const RateLimitOptions& options)
      : rate_(options.rate), burst_(burst_of(options)) {
    const std::size_t room = (options.max_keys + kParts - 1) / kParts;
    for (auto& part : parts_) part = std::make_unique<Part>(room);
  }

  Duration take(std::string_view key, TimePoint now, Duration max_wait) {
    // The low bits choose the slot in the part's own table.
    const std::size_t hash = std::hash<std::string_view>()(key);
    Part& part = *parts_[(hash >> 32) % kParts];
    const std::scoped_lock lock(part.mutex);
    return part.buckets.get(key, rate_, burst_).take(now, max_wait);
  }

 private:
  static constexpr std::size_t kParts = 16;
  struct Part {
    explicit Part(std::size_t room) : buckets(room) {}
    ForkMutex mutex;
    middleware::LruMap<TokenBucket> buckets;
  };
  double rate_;
  double burst_;
  std::array<std::unique_ptr<Part>, kParts> parts_;
};

struct Shared {
  explicit Shared(RateLimitOptions given)
      : options(std::move(given)), bucket(options.rate, burst_of(options)), buckets(options) {}
  const RateLimitOptions options;
  TokenBucket bucket;
  Buckets buckets;
};

struct RateLimit {
  std::shared_ptr<Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    const RateLimitOptions& options = shared->options;
    const TimePoint now = call.loop().now();
    const TimePoint deadline = call.context().deadline();
    const Duration patience =
        deadline == kNever ? options.max_wait : std::min(options.max_wait, deadline - now);
    const Duration longest = std::max(patience, Duration::zero());
    const Duration wait = take(call, now, longest);
    if (wait == Duration::zero()) return next(call);
    if (wait <= longest) return run_later(options, wait, call, next);
    tell(options.observer,
         {.policy = "rate_limit", .event = "rejected", .path = call.path(), .value = wait.count()});
    return refuse(options, wait, call);
  }

 private:
  Duration take(const Call& call, TimePoint now, Duration longest) const {
    if (!shared->options.key) return shared->bucket.take(now, longest);
    // Its text is used before anything else runs on this thread.
    thread_local std::string key;
    key.clear();
    shared->options.key(call, key);
    return shared->buckets.take(key, now, longest);
  }

  static Task<Status> run_later(const RateLimitOptions& options, Duration wait, Call& call,
                                Next next) {
    tell(options.observer,
         {.policy = "rate_limit", .event = "delayed", .path = call.path(), .value = wait.count()});
    Status waited = co_await net::sleep(wait);
    if (!waited.ok()) co_return waited;
    co_return co_await next(call);
  }

  static Status refuse(const RateLimitOptions& options, Duration wait, Call& call) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
    if (options.push_back) {
      call.trailers().add("grpc-retry-pushback-ms", std::to_string(milliseconds.count()));
    }
    std::string message = "more than ";
    message.append(number_text(options.rate))
        .append(options.key ? " calls a second with the same key" : " calls a second")
        .append(" (RateLimitOptions::rate); try again in ")
        .append(to_string(milliseconds));
    return with_retry_delay(resource_exhausted(message), wait);
  }
};

}  // namespace

Middleware rate_limit(RateLimitOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  return RateLimit{std::make_shared<Shared>(std::move(options))};
}

}  // namespace weft
