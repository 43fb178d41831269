#pragma once

#include <atomic>
#include <cstdint>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry {

/// Which traces are recorded. A trace's first span decides, and the others follow it.
struct Sampling {
  /// Share of the traces that begin here, 0 to 1. Told by the trace id, so that processes with the
  /// same share keep the same traces.
  double ratio = 1;
  /// Most traces a second that begin here and are sampled, in the whole process; 0: no limit.
  std::uint32_t max_per_second = 1000;
  /// A trace that came with a call is recorded if its caller records it. False: by `ratio` and
  /// `max_per_second`, as if it began here and whatever its id; for servers that strangers can
  /// reach.
  bool follow_parent = true;
  /// Keeps the spans of this process below a call that fails, of traces that are not sampled too.
  /// Other processes do not know of it: their parts of the trace are missing.
  bool keep_errors = false;
  /// The same for a call that takes longer.
  Duration keep_slower_than = kForever;

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

namespace internal {

/// Sampling as calls read it. Changed from any thread while calls do.
class Sampler {
 public:
  void set(const Sampling& sampling) noexcept;

  /// Whether anything could be recorded.
  bool is_on() const noexcept { return on_.load(std::memory_order_relaxed); }
  bool follows_parent() const noexcept { return follow_.load(std::memory_order_relaxed); }
  /// Spans of traces that are not sampled are held until their local root ends.
  bool holds() const noexcept { return holds_.load(std::memory_order_relaxed); }
  /// Decides of a trace that begins.
  bool take(const TraceId& id, const Clock& clock) noexcept;
  /// Of a local root that is not sampled, when it ends.
  bool keeps(SpanStatus status, Duration took) const noexcept {
    return (status == SpanStatus::Error && errors_.load(std::memory_order_relaxed)) ||
           took.count() > slow_.load(std::memory_order_relaxed);
  }

 private:
  bool within_rate(const Clock& clock) noexcept;

  std::atomic<bool> on_{false};
  std::atomic<bool> follow_{true};
  std::atomic<bool> holds_{false};
  std::atomic<bool> errors_{false};
  std::atomic<std::int64_t> slow_{INT64_MAX};
  std::atomic<std::uint64_t> threshold_{0};    // of 2^56, what the last bytes of an id are below
  std::atomic<std::int64_t> interval_{0};      // nanoseconds for each trace; 0: no limit
  std::atomic<std::int64_t> next_{INT64_MIN};  // when the traces taken so far are paid for
};

}  // namespace internal
}  // namespace weft::telemetry
