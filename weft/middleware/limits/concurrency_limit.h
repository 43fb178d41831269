#pragma once

#include <cstddef>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

struct ConcurrencyLimitOptions {
  /// Calls under way at the same time, on all loops together. At least 1.
  std::size_t limit = 0;
  /// Calls that may wait for one of them to end, in the order of their coming, and for how long. A
  /// call that waits keeps its own deadline, too. 0: no call waits.
  std::size_t queue = 0;
  Duration queue_timeout = std::chrono::seconds(1);
  /// Told "concurrency": "rejected", "queued", "timed_out", "dequeued" (value: the nanoseconds that
  /// it waited).
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const ConcurrencyLimitOptions& options);

/// Lets up to `limit` calls run at the same time and refuses the others with UNAVAILABLE, at once
/// or after a wait: on a server for what the handlers share, on a client as a bulkhead. A stream
/// counts as long as it lives.
///
/// The limit is the process's, an atomic counter. Only calls that wait, and the end of a call while
/// others wait, take a lock.
Middleware concurrency_limit(ConcurrencyLimitOptions options);
/// Without a queue.
Middleware concurrency_limit(std::size_t limit);

}  // namespace weft
