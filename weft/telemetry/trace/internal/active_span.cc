#include "weft/telemetry/trace/internal/active_span.h"

#include <cstring>

#include "weft/telemetry/trace/internal/span_ring.h"

namespace weft::telemetry::internal {
namespace {

/// Not zero, which means none.
std::uint64_t random_id(Rng& rng) noexcept {
  std::uint64_t id = 0;
  while (id == 0) id = rng();
  return id;
}

SpanId make_span_id(Rng& rng) noexcept {
  const std::uint64_t bits = random_id(rng);
  SpanId id;
  std::memcpy(id.data(), &bits, sizeof bits);
  return id;
}

TraceId make_trace_id(Rng& rng) noexcept {
  const std::uint64_t bits[2] = {random_id(rng), random_id(rng)};
  TraceId id;
  std::memcpy(id.data(), bits, sizeof bits);
  return id;
}

/// A trace that begins here.
void begin_trace(Tracer& tracer, TraceContext& trace, net::Loop& loop) noexcept {
  trace.trace_id = make_trace_id(loop.rng());
  trace.flags = TraceContext::kRandomTraceId;
  if (tracer.sampler().take(trace.trace_id, loop)) trace.flags |= TraceContext::kSampled;
}

}  // namespace

std::optional<ActiveSpan> begin_span(Tracer& tracer, Context& context, net::Loop& loop, From from) {
  Sampler& sampler = tracer.sampler();
  TraceContext& trace = context.trace();
  if (from == From::Wire) trace.flags &= static_cast<std::uint8_t>(~(kLocal | kLeftOut));
  ActiveSpan span{.parent = trace.span_id, .outer_flags = trace.flags};
  span.is_root = !trace.valid() || (trace.flags & kLocal) == 0;
  if (!trace.valid()) {
    begin_trace(tracer, trace, loop);
    span.parent = {};
  } else if (span.is_root && !sampler.follows_parent()) {
    // The peer may have chosen the id so that it is taken.
    trace.flags &= static_cast<std::uint8_t>(~TraceContext::kSampled);
    if (sampler.take(make_trace_id(loop.rng()), loop)) trace.flags |= TraceContext::kSampled;
  }
  if (!trace.sampled() && !sampler.holds()) {
    // Nobody could find a span that is not recorded: what is called from here hangs below the
    // caller's, or below a number of the new trace.
    if (!span.has_parent()) trace.span_id = make_span_id(loop.rng());
    trace.flags |= kLeftOut;
    return std::nullopt;
  }
  trace.span_id = make_span_id(loop.rng());
  trace.flags |= kLocal;
  span.trace_id = trace.trace_id;
  span.id = trace.span_id;
  span.flags = trace.flags;
  if (span.is_root) {
    span.ring = &tracer.ring();
    span.from = span.ring->held_so_far();
  }
  return span;
}

void leave_span(const ActiveSpan& span, Context& context) {
  if (!span.has_parent()) {
    context.trace() = {};
    return;
  }
  context.trace().span_id = span.parent;
  context.trace().flags = span.outer_flags;
}

void keep_state(const TraceState& state, SpanRecord& record) {
  if (record.details == nullptr) record.details = std::make_unique<SpanDetails>();
  record.details->state = state;
  record.details->bytes += state.text().size();
}

void hand_over(Tracer& tracer, const ActiveSpan& span, SpanRecord&& record) {
  SpanRing& here = tracer.ring();
  bool half_full = false;
  if ((record.flags & TraceContext::kSampled) == 0) {
    if (!span.is_root) return here.hold(std::move(record));
    // A handler whose loop was taken over may have gone on on another thread. What was held there
    // while the root ran is not known by number: the whole ring is looked through.
    const auto first = span.ring->release(record.trace_id, record.span_id, span.from);
    half_full = first.half_full;
    record.lost_children = first.lost;
    if (&here != span.ring) {
      half_full |= here.release(record.trace_id, record.span_id, 0).half_full;
    }
  }
  if (here.keep(std::move(record)) || half_full) tracer.wake();
}

}  // namespace weft::telemetry::internal
