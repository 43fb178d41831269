#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/middleware/limits/priority.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

// A limit of concurrency that finds itself. A server with room for M calls at a time answers in the
// same time as long as no more than M are under way; beyond that each further call only waits, and
// everybody's latency grows in proportion. The knee of that curve is where the limit belongs, and M
// is unknown.
//
// The algorithm, once a window of calls has ended:
//
//   gradient = tolerance * no-load latency / average latency of the window, within [1/2, 1]
//   limit   <- limit * (1 - smoothing) + (limit * gradient + sqrt(limit)) * smoothing
//
// so it grows by a share of its root while calls take as long as without load, and shrinks by how
// much longer they take. It rests where limit = tolerance * M + sqrt(limit). It is left alone while
// less than half of it is in use, which says nothing about it. Calls that were dropped
// (UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED) are no measurements of latency: a window
// that has some takes a tenth off the limit.
//
// The no-load latency is the least average that a window had. It is measured anew every
// remeasure_interval, sooner at first and while it still falls, for a service may have become
// slower: the limit is halved until one window of calls has begun and ended under it, whose average
// it is from then on, also when it is more than before.
//
// Sources: the update is that of the Gradient and Gradient2 limits of Netflix's concurrency-limits
// (2018); measuring anew at a lower limit, where Gradient2 has a second, slow average that follows
// a standing overload, is that of brpc's auto concurrency limiter.

namespace weft {

struct AdaptiveLimitOptions {
  /// For each loop.
  std::size_t initial_limit = 20;
  std::size_t min_limit = 4;
  std::size_t max_limit = 1000;
  /// How much longer than without load calls may take before the limit shrinks. At least 1.
  double tolerance = 1.2;
  /// How far a window moves the limit towards what it says, in (0, 1].
  double smoothing = 0.2;
  /// A window lasts at least this long and has at least `min_samples` calls.
  Duration window = std::chrono::milliseconds(100);
  std::uint32_t min_samples = 20;
  Duration remeasure_interval = std::chrono::seconds(30);
  /// Which calls are refused first as the limit comes near; without it all are equal.
  std::optional<PriorityShares> shares{};
  /// Told "adaptive": "rejected", "limit" (value: the limit it now is), "remeasure".
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const AdaptiveLimitOptions& options);

/// The limit of one loop: pure logic, told of calls and of the time. Not thread-safe.
class AdaptiveLimit {
 public:
  enum class Outcome : std::uint8_t {
    Answered,  ///< how long it took says something
    Dropped,   ///< for lack of room or time
    Other,     ///< says nothing
  };

  /// `options`, which are valid, must outlive it.
  explicit AdaptiveLimit(const AdaptiveLimitOptions& options) noexcept;
  explicit AdaptiveLimit(AdaptiveLimitOptions&&) = delete;

  /// One more call is under way, unless this share of the limit is in use.
  bool try_begin(double share = 1) noexcept;
  /// One that began at `begun` has ended.
  void end(TimePoint begun, TimePoint now, Outcome outcome) noexcept;

  std::size_t limit() const noexcept { return static_cast<std::size_t>(limit_); }
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// What calls take without load, as far as known; 0: not yet.
  Duration no_load() const noexcept { return no_load_; }
  bool measuring() const noexcept { return phase_ != Phase::Limiting; }

 private:
  enum class Phase : std::uint8_t {
    Limiting,
    Draining,   // until no more calls are under way than the lower limit
    Measuring,  // until a window of calls has begun and ended under it
  };
  void begin_window(TimePoint now) noexcept;
  void end_window(TimePoint now) noexcept;
  void adjust(Duration average) noexcept;
  void begin_measuring(TimePoint now) noexcept;
  void end_measuring(TimePoint now, Duration average) noexcept;
  void set_limit(double limit) noexcept;

  const AdaptiveLimitOptions& options_;
  double limit_;
  std::size_t in_flight_ = 0;
  Duration no_load_{};
  Phase phase_ = Phase::Limiting;
  double limit_before_ = 0;  // while measuring
  TimePoint remeasure_at_{};
  Duration remeasure_interval_;

  // The window.
  TimePoint began_{};
  std::uint32_t answered_ = 0;
  std::uint32_t dropped_ = 0;
  Duration total_{};
  std::size_t most_in_flight_ = 0;
};

/// Limits the unary calls that run at the same time to what can be served without waiting, and
/// refuses the others with UNAVAILABLE. On a server, or on a client, which then limits itself to
/// what its server can take. Streaming calls pass: how long they last says nothing.
///
/// Every loop has a limit of its own: on a server a loop is a core, with a knee of its own, and on
/// a client it has its own connections; so calls share nothing. Calls of very different length need
/// a policy each, or a change in their mix looks like one in latency.
Middleware adaptive_limit(AdaptiveLimitOptions options = {});

}  // namespace weft
