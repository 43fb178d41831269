#include "weft/telemetry/trace/internal/span_ring.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace weft::telemetry::internal {
namespace {

std::size_t bytes_of(const SpanRecord& span) noexcept {
  return span.details == nullptr ? 0 : span.details->bytes;
}

/// Leaves the name, and the trace's state, whose text all spans of the trace share.
void strip(SpanDetails& details) {
  SpanDetails left{.name = std::move(details.name)};
  left.dropped_attributes =
      details.dropped_attributes + static_cast<std::uint32_t>(details.attributes.size());
  left.dropped_events = details.dropped_events + static_cast<std::uint32_t>(details.events.size());
  left.dropped_links = details.dropped_links + static_cast<std::uint32_t>(details.links.size());
  left.state = std::move(details.state);
  left.bytes = left.name.size() + left.state.text().size();
  details = std::move(left);
}

}  // namespace

/// Under the lock, before anything else. The numbers of held spans stay, which roots remember.
void SpanRing::leave_to_parent() {
  if (generation_ == fork_generation()) [[likely]]
    return;
  generation_ = fork_generation();
  queue_.clear();
  queue_bytes_ = 0;
  queued_.store(0, std::memory_order_relaxed);
  for (SpanRecord& span : ring_) span = {};
  held_bytes_ = 0;
}

bool SpanRing::keep(SpanRecord&& span) {
  const std::lock_guard lock(mutex_);
  leave_to_parent();
  return keep_locked(std::move(span));
}

bool SpanRing::is_half_full() const noexcept {
  return queue_.size() >= limits_.queued / 2 || queue_bytes_ >= limits_.queue_bytes / 2;
}

bool SpanRing::keep_locked(SpanRecord&& span) {
  const bool was_half_full = is_half_full();
  const std::size_t bytes = span.memory();
  if (queue_.size() >= limits_.queued || queue_bytes_ + bytes > limits_.queue_bytes) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  queue_.push_back(std::move(span));
  queue_bytes_ += bytes;
  queued_.store(queue_.size(), std::memory_order_relaxed);
  kept_.store(kept_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return !was_half_full && is_half_full();
}

void SpanRing::hold(SpanRecord&& span) {
  if (limits_.held == 0) return;
  const std::lock_guard lock(mutex_);
  leave_to_parent();
  const std::uint64_t number = held_.load(std::memory_order_relaxed);
  const bool is_full = ring_.size() == limits_.held;
  if (is_full) held_bytes_ -= bytes_of(ring_[number % limits_.held]);
  // What a program adds to spans is bounded too; the spans themselves are by their number.
  if (span.details != nullptr && held_bytes_ + bytes_of(span) > limits_.queue_bytes) {
    strip(*span.details);
  }
  held_bytes_ += bytes_of(span);
  if (is_full) {
    ring_[number % limits_.held] = std::move(span);
  } else {
    ring_.push_back(std::move(span));
  }
  held_.store(number + 1, std::memory_order_relaxed);
}

SpanRing::Released SpanRing::release(const TraceId& trace, const SpanId& root, std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  leave_to_parent();
  Released released;
  const std::uint64_t end = held_.load(std::memory_order_relaxed);
  const std::uint64_t oldest = end - std::min<std::uint64_t>(end, limits_.held);
  released.lost = from < oldest;
  std::vector<SpanId> kept{root};
  // A span ends before its parent, so from the newest on parents come first. Those that end after
  // it, because somebody moved them out of it, are found by another round.
  for (bool again = true; std::exchange(again, false);) {
    for (std::uint64_t at = end; at > std::max(from, oldest); --at) {
      SpanRecord& span = ring_[(at - 1) % limits_.held];
      if (span.trace_id != trace) continue;
      if (std::find(kept.begin(), kept.end(), span.parent_id) == kept.end()) continue;
      kept.push_back(span.span_id);
      again = true;
      held_bytes_ -= bytes_of(span);
      released.half_full |= keep_locked(std::move(span));
      span = {};
    }
  }
  return released;
}

void SpanRing::take(std::vector<SpanRecord>& into) {
  const std::lock_guard lock(mutex_);
  leave_to_parent();
  std::swap(queue_, into);
  queue_bytes_ = 0;
  queued_.store(0, std::memory_order_relaxed);
}

}  // namespace weft::telemetry::internal
