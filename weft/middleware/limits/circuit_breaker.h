#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "weft/base/rng.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/middleware/limits/internal/sliding_counts.h"
#include "weft/middleware/reuse/call_key.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

// A circuit breaker spares a server that fails, and its callers the wait for it.
//
//              too many failures, in a row or by their share
//      closed ──────────────────────────────────────────────▶ open ◀────────┐
//        ▲                                                     │            │
//        │                                       the open time │            │ a probe failed:
//        │                                             is over ▼            │ open for longer
//        └───────────────────────────────────────────────── half-open ──────┘
//                        as many probes as asked for succeeded
//
//   closed     every call passes, and how it ends is counted
//   open       every call is refused
//   half-open  some calls pass as probes, the others are refused
//
// How a call ends counts for the state in which it began: a call from before the opening that ends
// while probes are out says nothing.

namespace weft {

struct CircuitBreakerOptions {
  /// Opens after this many failures in a row; 0: off.
  std::uint32_t consecutive_failures = 5;
  /// Opens when this share of the calls of the window has failed, in (0, 1]; 0: not by this.
  double failure_ratio = 0.5;
  /// Fewer calls in the window than this say nothing about a share.
  std::uint32_t minimum_calls = 20;
  Duration window = std::chrono::seconds(10);

  /// How long it stays open the first time, then times `growth` for each failed probe up to
  /// `max_open_time`, and again from the start once it was closed. Each time is varied at random by
  /// up to `jitter` of it, up or down, so that clients do not come back all at once.
  Duration open_time = std::chrono::seconds(5);
  Duration max_open_time = std::chrono::seconds(60);
  double growth = 2;
  double jitter = 0.2;
  /// Calls that are let through when half-open; it closes when all of them succeeded. Probes that
  /// take longer than the open time are given up on, and others are let through.
  std::uint32_t probes = 3;

  /// Which final states are failures. Empty: UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN and
  /// DATA_LOSS, which say that the server or the way to it is in trouble. A call that its caller
  /// cancelled counts as neither failure nor success.
  std::function<bool(const Status&)> is_failure{};
  /// Which calls share a breaker. Empty: those of the same method to the same endpoint (the
  /// endpoint is known to middlewares of Channel::use_per_endpoint).
  CallKey key{};
  /// Above this many keys on a loop the least recently used breaker is forgotten.
  std::size_t max_keys = 4096;
  /// Told "breaker": "opened" (value: for how many nanoseconds), "half_open", "closed", "rejected".
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const CircuitBreakerOptions& options);

/// One breaker: pure logic, told of calls and of the time. Not thread-safe.
class CircuitBreaker {
 public:
  enum class State : std::uint8_t { Closed, Open, HalfOpen };
  enum class Outcome : std::uint8_t { Success, Failure, Neither };
  /// What a call that passes brings back to record(): the state in which it began.
  using Pass = std::uint32_t;

  /// `options`, which are valid, must outlive it.
  explicit CircuitBreaker(const CircuitBreakerOptions& options) noexcept
      : options_(options), counts_(options.window) {}
  explicit CircuitBreaker(CircuitBreakerOptions&&) = delete;

  /// Nothing where the call is refused.
  std::optional<Pass> admit(TimePoint now);
  void record(Pass pass, TimePoint now, Outcome outcome, Rng& rng);

  State state() const noexcept { return state_; }
  /// How long it is open this time, and until when. While open.
  Duration open_time() const noexcept { return open_for_; }
  TimePoint open_until() const noexcept { return open_until_; }
  /// What opened it last, for people: "5 failures in a row".
  std::string why_open() const;

 private:
  enum class Cause : std::uint8_t { InARow, Share, Probe };
  void record_closed(TimePoint now, bool failed, Rng& rng);
  void record_probe(TimePoint now, Outcome outcome, Rng& rng);
  void open(TimePoint now, Cause cause, Rng& rng);
  void enter(State state) noexcept;
  bool too_many_failed() const noexcept;

  const CircuitBreakerOptions& options_;
  State state_ = State::Closed;
  Pass era_ = 0;  // changes with each state
  std::uint32_t in_a_row_ = 0;
  middleware::SlidingCounts counts_;
  std::uint32_t openings_ = 0;  // since it was closed
  Duration open_for_{};
  TimePoint open_until_{};
  std::uint32_t probes_out_ = 0;  // let through and not ended
  std::uint32_t probes_passed_ = 0;
  TimePoint last_probe_{};
  Cause cause_ = Cause::InARow;
  std::uint64_t failed_ = 0;  // when it opened
  std::uint64_t calls_ = 0;
};

/// Refuses calls of a method to an endpoint that keeps failing, with UNAVAILABLE saying why. On a
/// client; on a server it spares what the handlers depend on.
///
/// Every loop has breakers of its own, so that a call takes no lock, as it has connections of its
/// own: a loop opens by what its calls met.
Middleware circuit_breaker(CircuitBreakerOptions options = {});

}  // namespace weft
