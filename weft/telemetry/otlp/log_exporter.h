#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/telemetry/otlp/internal/delivery.h"
#include "weft/telemetry/otlp/internal/log_queue.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/internal/signal_exporter.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry {

/// Sends the log lines of a queue in requests of a bounded size, one after the other. While a
/// collector is away they wait in the queue, which drops and counts what it cannot hold. Belongs to
/// the loop that runs it.
class LogExporter final : public internal::SignalExporter {
 public:
  LogExporter(internal::LogQueue& queue, net::Loop& loop, const OtlpOptions& options,
              const std::vector<Attribute>& resource, std::unique_ptr<internal::Sender> sender);
  LogExporter(const LogExporter&) = delete;
  LogExporter& operator=(const LogExporter&) = delete;

  Task<> run() override;
  void wake() noexcept override { delivery_.wake(); }
  void stop() noexcept override { delivery_.stop(); }
  ExportStats stats() const noexcept override;

 private:
  Task<> flush();

  internal::LogQueue& queue_;
  const std::uint64_t dropped_before_;
  const OtlpOptions options_;
  const std::string resource_;
  internal::Delivery delivery_;
};

}  // namespace weft::telemetry
