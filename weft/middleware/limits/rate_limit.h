#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/middleware/reuse/call_key.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// A rate of calls a second in the long run, and a burst after a pause: a token bucket, kept as one
/// number, the time at which it would be full again (ITU-T I.371's generic cell rate algorithm, as
/// a virtual schedule). Thread-safe, without locks.
class TokenBucket {
 public:
  /// Full. `rate` tokens a second, and room for `burst` of them.
  TokenBucket(double rate, double burst) noexcept;

  /// How long to wait for a token: zero where there is one. It has been taken where that is no more
  /// than `max_wait`.
  Duration take(TimePoint now, Duration max_wait = Duration::zero()) noexcept;

 private:
  std::int64_t interval_;  // between two tokens, in ticks
  std::int64_t room_;      // what the schedule may be ahead
  std::atomic<std::int64_t> full_at_{INT64_MIN};
};

struct RateLimitOptions {
  /// Calls a second: more than 0, at most 1e8.
  double rate = 0;
  /// How many may come at once; at least 1. 0: as many as in a second, or 1.
  double burst = 0;
  /// Which calls share a bucket; empty: all do.
  CallKey key{};
  /// Above this many keys the least recently used one is forgotten, and begins with a full bucket
  /// when it comes again.
  std::size_t max_keys = 65536;
  /// How long a call may wait for its token instead of being refused: usually zero on servers; on a
  /// client that keeps to a quota, more. Calls whose deadline comes before their token are refused
  /// at once.
  Duration max_wait = Duration::zero();
  /// Also tell callers in `grpc-retry-pushback-ms` (gRFC A6) when to retry.
  bool push_back = true;
  /// Told "rate_limit": "rejected" (value: nanoseconds until there would be a token), "delayed"
  /// (value: nanoseconds).
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const RateLimitOptions& options);

/// Lets `rate` calls a second pass, for each key, and refuses the others with RESOURCE_EXHAUSTED,
/// with a google.rpc.RetryInfo that says when to try again (retry_delay() in rpc/google_status.h).
///
/// The rate is that of the process, over all loops. One bucket for all is an atomic; buckets by key
/// are in sixteen parts with a lock each, which is held while a key is looked up.
Middleware rate_limit(RateLimitOptions options);

}  // namespace weft
