#include "weft/telemetry/trace/span.h"

#include "weft/base/text/text_cut.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/telemetry/trace/internal/active_span.h"
#include "weft/telemetry/trace/internal/call_state.h"

namespace weft::telemetry {

struct Span::State : coro::Pooled {
  State(Tracer& by, Context& in, net::Loop& on, const internal::ActiveSpan& begun_one)
      : tracer(by), context(in), loop(on), active(begun_one), begun(on.now()) {}
  Tracer& tracer;
  Context& context;
  net::Loop& loop;
  internal::ActiveSpan active;
  TimePoint begun;
  SpanStatus status = SpanStatus::Unset;
  std::unique_ptr<SpanDetails> details = std::make_unique<SpanDetails>();
};

void Span::Deleter::operator()(State* state) const noexcept { delete state; }

Span::Span(Context& context, net::Loop& loop, std::string_view name, Tracer& tracer) {
  const TraceContext& seen = std::as_const(context).trace();
  if (!internal::may_record(tracer.sampler(), seen, internal::From::Context)) return;
  const bool begins_trace = !seen.valid();
  const auto active = internal::begin_span(tracer, context, loop, internal::From::Context);
  if (!active) {
    if (begins_trace) unsampled_.reset(&context);
    return;
  }
  state_.reset(new State(tracer, context, loop, *active));
  state_->details->name = internal::text_of(name);
  state_->details->bytes = state_->details->name.size();
}

SpanDetails* Span::details() const noexcept {
  return state_ == nullptr ? nullptr : state_->details.get();
}

TimePoint Span::now() const noexcept { return state_->loop.now(); }

Span& Span::failed(const Status& status) {
  if (state_ == nullptr || status.ok()) return *this;
  state_->status = SpanStatus::Error;
  SpanDetails& details = *state_->details;
  details.bytes -= details.message.size();
  details.message = internal::text_of(status.message());
  details.bytes += details.message.size();
  return set("error.type", name_of(status.code()));
}

void Span::forget() noexcept {
  Executor::leave_user_code();
  unsampled_.reset();
}

void Span::end() noexcept {
  if (unsampled_ != nullptr) return forget();
  if (state_ == nullptr) return;
  Executor::leave_user_code();
  const std::unique_ptr<State, Deleter> state = std::move(state_);
  const TimePoint now = state->loop.now();
  const TraceState trace_state = std::as_const(state->context).trace().state;
  // One that has begun after this one and has not ended keeps its place.
  if (std::as_const(state->context).trace().span_id == state->active.id) {
    internal::leave_span(state->active, state->context);
  }
  internal::end_span(state->tracer, state->active,
                     {.status = state->status, .took = now - state->begun, .state = trace_state},
                     [&](SpanRecord& record) {
                       record.begun = state->begun;
                       record.ended = now;
                       record.details = std::move(state->details);
                     });
}

CallSpan::CallSpan(Call& call) noexcept : call_(call), details_(nullptr) {
  auto* const span = call.find<internal::ServerSpan>();
  if (span == nullptr || span->owner != &call) return;
  if (span->details == nullptr) span->details = std::make_unique<SpanDetails>();
  details_ = span->details.get();
}

}  // namespace weft::telemetry
