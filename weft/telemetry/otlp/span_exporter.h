#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/otlp/internal/delivery.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/internal/signal_exporter.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

/// Sends what a Tracer has in requests of a bounded size, one after the other. While a collector is
/// away its spans wait in the tracer's queues, which drop and count what they cannot hold. Belongs
/// to the loop that runs it.
class SpanExporter final : public internal::SignalExporter {
 public:
  SpanExporter(Tracer& tracer, net::Loop& loop, const OtlpOptions& options,
               const std::vector<Attribute>& resource, std::unique_ptr<internal::Sender> sender);
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  Task<> run() override;
  void wake() noexcept override { delivery_.wake(); }
  void stop() noexcept override { delivery_.stop(); }
  ExportStats stats() const noexcept override;

 private:
  Task<> flush();
  void give_up(std::size_t spans);

  Tracer& tracer_;
  net::Loop& loop_;
  const OtlpOptions options_;
  const std::string resource_;
  internal::Delivery delivery_;
  std::vector<SpanRecord> spans_;
};

}  // namespace weft::telemetry
