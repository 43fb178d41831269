#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/telemetry/metrics/internal/thread_slot.h"
#include "weft/telemetry/trace/sampling.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry {

namespace internal {
class SpanRing;
}

/// How much a Tracer holds, for each thread that records.
struct TracerOptions {
  /// Ended spans of traces that are not sampled, held until their local root ends
  /// (Sampling::keep_errors); the oldest is overwritten.
  std::size_t held_spans = 2048;
  /// Spans that wait for an exporter, and their bytes; more are dropped and counted.
  std::size_t queued_spans = 8192;
  std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;
};

/// What a Tracer has done so far.
struct TracerStats {
  std::uint64_t kept = 0;     ///< spans that an exporter gets or has got
  std::uint64_t dropped = 0;  ///< spans for which there was no room
  std::size_t queued = 0;     ///< spans that wait now
};

/// Where spans come from and where they wait for an exporter. It records nothing until it has a
/// Sampling. From any thread.
class Tracer {
 public:
  explicit Tracer(TracerOptions options = {});
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer();

  /// Which traces are recorded from now on; may be changed at any time. INVALID_ARGUMENT where
  /// Sampling::valid() says so; then nothing changes.
  Status set_sampling(const Sampling& sampling);

  /// For an exporter: the spans that have ended, at the end of `out`.
  void drain(std::vector<SpanRecord>& out);
  /// As drain(), those of one thread, in turn: `out` is empty before, and afterwards where nothing
  /// has ended. Its memory is used again.
  void drain_one(std::vector<SpanRecord>& out);
  /// For an exporter: `wake` is called when a thread's queue has become half full, on that thread.
  /// It must be quick, must not throw, and must not end a span. Empty: nobody is called, and nobody
  /// is called any more when this returns.
  void set_wake(std::function<void()> wake);
  TracerStats stats() const noexcept;

  // For what records.

  internal::Sampler& sampler() noexcept { return sampler_; }
  /// The ring of this thread.
  internal::SpanRing& ring() {
    const std::uint32_t slot = internal::take_slot();
    internal::SpanRing* const ring =
        rings_[slot < internal::kMaxSlots ? slot : internal::kMaxSlots].load(
            std::memory_order_acquire);
    return ring != nullptr ? *ring : make_ring(slot);
  }
  /// A text that stays where it is as long as the tracer; "other" beyond kMaxNames.
  const std::string* intern(std::string_view text);
  static constexpr std::size_t kMaxNames = 8192;
  void wake() noexcept;

 private:
  internal::SpanRing& make_ring(std::uint32_t slot);

  const TracerOptions options_;
  internal::Sampler sampler_;
  // One more than there are slots: threads that have none share the last.
  std::array<std::atomic<internal::SpanRing*>, internal::kMaxSlots + 1> rings_{};
  mutable ForkMutex mutex_;
  std::vector<std::unique_ptr<internal::SpanRing>> all_;
  std::size_t next_ = 0;  // to be drained
  std::set<std::string, std::less<>> names_;
  std::function<void()> wake_;
};

/// The tracer of the process. It is never destroyed, so that threads may record while the program
/// ends.
Tracer& tracer();

}  // namespace weft::telemetry
