#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "weft/coro/context.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry::internal {

/// In TraceContext::flags of a context: a span of this process, whose local root has not ended, is
/// recorded or held. It never leaves the process.
inline constexpr std::uint8_t kLocal = 0x80;
/// As kLocal: it was decided here that nothing of the trace is recorded.
inline constexpr std::uint8_t kLeftOut = 0x40;

/// A span that has begun. Its context has its ids too, until a span begins below it; one that ends
/// after its parent leaves others there.
struct ActiveSpan {
  TraceId trace_id{};
  SpanId id{};
  std::uint8_t flags = 0;
  SpanId parent{};
  std::uint8_t outer_flags = 0;  // of the context before
  bool is_root = false;          // of its trace in this process
  SpanRing* ring = nullptr;      // root: that of the thread it began on
  std::uint64_t from = 0;        // root: what the ring had held by then

  bool has_parent() const noexcept { return parent != SpanId{}; }
};

/// Where the trace of a context comes from that a span begins in.
enum class From : std::uint8_t {
  Context,  ///< from this process, or from a server that does not record
  Wire,     ///< it came with a call
};

/// Whether a span that begins under `seen` could be recorded. The way of calls that are not.
inline bool may_record(const Sampler& sampler, const TraceContext& seen, From from) noexcept {
  if (seen.sampled() || !seen.valid()) return sampler.is_on();
  if (from == From::Context && (seen.flags & (kLocal | kLeftOut)) != 0) {
    return (seen.flags & kLocal) != 0;
  }
  return sampler.holds() || !sampler.follows_parent();
}

/// Begins a span where it is to be recorded or held: `context` has its ids then.
std::optional<ActiveSpan> begin_span(Tracer& tracer, Context& context, net::Loop& loop, From from);

/// Gives the context back what it had before the span.
void leave_span(const ActiveSpan& span, Context& context);

struct Ending {
  SpanStatus status;
  Duration took;
  const TraceState& state;  // of the span's context
};

/// Keeps a state that is not empty in the record's details.
void keep_state(const TraceState& state, SpanRecord& record);

/// Hands over a record that is whole.
void hand_over(Tracer& tracer, const ActiveSpan& span, SpanRecord&& record);

/// `fill(record)` is called where the span is recorded, and sets its times.
template <class Fill>
void end_span(Tracer& tracer, const ActiveSpan& span, const Ending& ending, Fill fill) {
  const bool is_sampled = (span.flags & TraceContext::kSampled) != 0;
  if (!is_sampled && span.is_root && !tracer.sampler().keeps(ending.status, ending.took)) return;
  SpanRecord record;
  record.trace_id = span.trace_id;
  record.span_id = span.id;
  record.parent_id = span.parent;
  record.flags = span.flags & (TraceContext::kSampled | TraceContext::kRandomTraceId);
  record.status = ending.status;
  record.parent_is_remote = span.is_root && span.has_parent();
  fill(record);
  if (!ending.state.empty()) keep_state(ending.state, record);
  hand_over(tracer, span, std::move(record));
}

}  // namespace weft::telemetry::internal
