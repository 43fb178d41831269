#include "weft/telemetry/otlp/span_exporter.h"

#include <chrono>
#include <utility>

#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"
#include "weft/telemetry/otlp/internal/trace_request.h"

namespace weft::telemetry {
namespace {

using internal::TraceRequest;

/// From the loop's clock to the time since 1970.
Duration to_wall(const net::Loop& loop) {
  return std::chrono::system_clock::now().time_since_epoch() - loop.now().time_since_epoch();
}

}  // namespace

SpanExporter::SpanExporter(Tracer& tracer, net::Loop& loop, const OtlpOptions& options,
                           const std::vector<Attribute>& resource,
                           std::unique_ptr<internal::Sender> sender)
    : tracer_(tracer),
      loop_(loop),
      options_(options),
      resource_(internal::encode_resource(resource)),
      delivery_(loop, options, internal::facts_of(OtlpSignal::Traces).items, std::move(sender)) {}

Task<> SpanExporter::run() {
  // Once more after stop(), for what has ended during the export before.
  for (bool is_last = false; !is_last && !delivery_.is_cancelled();) {
    is_last = delivery_.is_stopping();
    co_await delivery_.wait_for_more();
    co_await flush();
  }
}

Task<> SpanExporter::flush() {
  for (;;) {
    spans_.clear();
    tracer_.drain_one(spans_);
    if (spans_.empty()) break;
    std::size_t next = 0;
    while (next < spans_.size() && !delivery_.is_cancelled()) {
      TraceRequest request(resource_, to_wall(loop_));
      do {
        request.add(spans_[next]);
        spans_[next++].details.reset();
      } while (next < spans_.size() && request.spans() < options_.batch_items &&
               request.size() + spans_[next].memory() < options_.batch_bytes);
      static_cast<void>(co_await delivery_.send(request.spans(), request.finish()));
    }
    if (delivery_.is_cancelled()) co_return give_up(spans_.size() - next);
  }
  delivery_.note_dropped(tracer_.stats().dropped,
                         "the queues were full (TracerOptions::queued_spans)");
}

/// Of spans that were taken out of the tracer, and of those that are still there.
void SpanExporter::give_up(std::size_t spans) {
  spans_.clear();
  tracer_.drain(spans_);
  delivery_.give_up(spans + std::exchange(spans_, {}).size());
}

ExportStats SpanExporter::stats() const noexcept {
  ExportStats stats = delivery_.stats();
  stats.dropped = tracer_.stats().dropped;
  return stats;
}

}  // namespace weft::telemetry
