#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry::internal {

/// Ended spans of a thread: those that wait for an exporter, and those of traces that are not
/// sampled, held until their local root ends (ADR 29). The lock is the thread's own but for the
/// exporter, and for a root that ends on another thread than it began on. In a child of fork() what
/// the parent has put in is gone: the parent exports it.
class SpanRing {
 public:
  struct Limits {
    std::size_t held;         ///< spans; the oldest is overwritten
    std::size_t queued;       ///< spans that wait
    std::size_t queue_bytes;  ///< of them; more are dropped
  };
  explicit SpanRing(const Limits& limits) noexcept : limits_(limits) {}
  SpanRing(const SpanRing&) = delete;
  SpanRing& operator=(const SpanRing&) = delete;

  /// Queues a span to be exported. True when the queue has just become half full, by number or by
  /// bytes.
  bool keep(SpanRecord&& span);
  /// Holds a span that may be kept later.
  void hold(SpanRecord&& span);
  /// How many have been held so far: where those of a root that begins now will start.
  std::uint64_t held_so_far() const noexcept { return held_.load(std::memory_order_relaxed); }

  struct Released {
    bool half_full = false;
    bool lost = false;  ///< some since `from` were overwritten; the root's may be among them
  };
  /// Queues the spans held since `from` that descend from `root`.
  Released release(const TraceId& trace, const SpanId& root, std::uint64_t from);

  /// Takes the whole queue, and goes on in the memory of `into`, which is empty. The lock is held
  /// for a moment however much there is.
  void take(std::vector<SpanRecord>& into);
  std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t kept() const noexcept { return kept_.load(std::memory_order_relaxed); }

 private:
  bool keep_locked(SpanRecord&& span);
  void leave_to_parent();
  bool is_half_full() const noexcept;

  const Limits limits_;
  mutable ForkMutex mutex_;
  std::vector<SpanRecord> queue_;
  std::size_t queue_bytes_ = 0;
  std::vector<SpanRecord> ring_;  // grows to limits_.held; span n is at n % limits_.held
  std::size_t held_bytes_ = 0;    // of their details
  std::uint32_t generation_ = fork_generation();
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> kept_{0};
};

}  // namespace weft::telemetry::internal
