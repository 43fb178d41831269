#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/metrics/registry.h"
#include "weft/telemetry/otlp/internal/delivery.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/internal/signal_exporter.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry {

/// Sends the values of a registry's metrics every OtlpOptions::interval, and once more at the end,
/// in requests of a bounded size that are made one after the other. Values are cumulative: what is
/// lost on the way is in the next export. Belongs to the loop that runs it.
class MetricExporter final : public internal::SignalExporter {
 public:
  MetricExporter(Registry& registry, net::Loop& loop, const OtlpOptions& options,
                 const std::vector<Attribute>& resource, std::unique_ptr<internal::Sender> sender);
  MetricExporter(const MetricExporter&) = delete;
  MetricExporter& operator=(const MetricExporter&) = delete;

  Task<> run() override;
  void wake() noexcept override { delivery_.wake(); }
  void stop() noexcept override { delivery_.stop(); }
  ExportStats stats() const noexcept override { return delivery_.stats(); }

 private:
  Task<> collect();

  Registry& registry_;
  const OtlpOptions options_;
  const std::string resource_;
  internal::Delivery delivery_;
};

}  // namespace weft::telemetry
