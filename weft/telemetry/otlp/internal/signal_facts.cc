#include "weft/telemetry/otlp/internal/signal_facts.h"

#include <array>
#include <cstddef>

namespace weft::telemetry::internal {
namespace {

constexpr std::array<SignalFacts, kOtlpSignals> kFacts{{
    {.items = "spans",
     .variable = "TRACES",
     .path = "v1/traces",
     .default_url = "http://localhost:4318/v1/traces",
     .method = {.name = "Export",
                .path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
     .interval = "OTEL_BSP_SCHEDULE_DELAY",
     .batch = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"},
    {.items = "metric points",
     .variable = "METRICS",
     .path = "v1/metrics",
     .default_url = "http://localhost:4318/v1/metrics",
     .method = {.name = "Export",
                .path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
     .interval = "OTEL_METRIC_EXPORT_INTERVAL",
     .batch = nullptr},
    {.items = "log lines",
     .variable = "LOGS",
     .path = "v1/logs",
     .default_url = "http://localhost:4318/v1/logs",
     .method = {.name = "Export",
                .path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"},
     .interval = "OTEL_BLRP_SCHEDULE_DELAY",
     .batch = "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"},
}};

}  // namespace

const SignalFacts& facts_of(OtlpSignal signal) noexcept {
  return kFacts[static_cast<std::size_t>(signal)];
}

}  // namespace weft::telemetry::internal
