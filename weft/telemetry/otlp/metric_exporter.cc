#include "weft/telemetry/otlp/metric_exporter.h"

#include <chrono>
#include <utility>

#include "weft/telemetry/otlp/internal/metrics_request.h"
#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"
#include "weft/telemetry/prometheus/target_info.h"

namespace weft::telemetry {

using internal::MetricsRequest;

MetricExporter::MetricExporter(Registry& registry, net::Loop& loop, const OtlpOptions& options,
                               const std::vector<Attribute>& resource,
                               std::unique_ptr<internal::Sender> sender)
    : registry_(registry),
      options_(options),
      resource_(internal::encode_resource(resource)),
      delivery_(loop, options, internal::facts_of(OtlpSignal::Metrics).items, std::move(sender)) {}

Task<> MetricExporter::run() {
  for (bool is_last = false; !is_last;) {
    co_await delivery_.wait_for_more();
    is_last = delivery_.is_stopping();
    if (delivery_.is_cancelled()) co_return;
    co_await collect();
  }
}

/// Ends where a request is given up: the next collection has newer values of all series.
Task<> MetricExporter::collect() {
  MetricsRequest request(resource_, std::chrono::system_clock::now());
  for (Metric* const metric : registry_.metrics()) {
    // The resource says it.
    if (metric->declaration().name == kTargetInfo) continue;
    Collection collection(*metric);
    // A request before may have taken long.
    request.set_time(std::chrono::system_clock::now());
    request.begin(*metric);
    for (Point point; collection.next(point);) {
      request.add(point);
      if (request.points() < options_.batch_items && request.size() < options_.batch_bytes) {
        continue;
      }
      const std::size_t points = request.points();
      const bool is_done = co_await delivery_.send(points, request.finish());
      if (!is_done) co_return;
      request.begin(*metric);
    }
  }
  const std::size_t points = request.points();
  if (points != 0) static_cast<void>(co_await delivery_.send(points, request.finish()));
}

}  // namespace weft::telemetry
