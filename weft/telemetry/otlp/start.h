#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/telemetry/metrics/registry.h"
#include "weft/telemetry/otlp/environment.h"
#include "weft/telemetry/otlp/export_stats.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/trace/sampling.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

/// What start() does. OpenTelemetry's variables of the environment have the last word on all that
/// they name.
struct StartOptions {
  /// `service.name`, which says whose spans, metrics and log lines these are.
  std::string service{};
  /// Said of all beside what detect_resource() finds, and in its place where the keys are the
  /// same.
  std::vector<Attribute> resource{};
  Sampling sampling{};
  /// Of spans, and of all for which there is nothing below.
  OtlpOptions otlp{};
  /// Of metrics. Nothing: as `otlp`, every 60 seconds, and to "v1/metrics" in the place of the
  /// "v1/traces" at the end of its endpoint.
  std::optional<OtlpOptions> otlp_metrics{};
  /// Of log lines. Nothing: as `otlp`, every second, and to "v1/logs".
  std::optional<OtlpOptions> otlp_logs{};
  /// What is exported where the environment does not say it.
  bool export_traces = true;
  bool export_metrics = true;
  bool export_logs = true;
  /// How long stop() may take.
  Duration stop_timeout = std::chrono::seconds(2);
  /// Null: the process's. It outlives the Exporter.
  Tracer* tracer = nullptr;
  Registry* registry = nullptr;
};

/// Exports the spans of a tracer, the metrics of a registry and the log, on a thread of its own, as
/// long as it lives.
class Exporter {
 public:
  Exporter(Exporter&&) noexcept;
  Exporter& operator=(Exporter&&) = delete;
  ~Exporter();

  /// Sends what is there, of all signals, for StartOptions::stop_timeout at most, whatever the
  /// collector does; what is left then is counted as given up. Nothing is exported afterwards, and
  /// no span recorded.
  void stop() noexcept;
  ExportStats stats(OtlpSignal signal = OtlpSignal::Traces) const noexcept;

 private:
  friend Result<Exporter> start(StartOptions options);
  class Impl;
  explicit Exporter(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;  // null: there is nothing to export
};

/// Records and exports spans, and exports metrics and the log, as the options and the environment
/// say, until the result is destroyed. One Exporter at a time exports the log.
/// INVALID_ARGUMENT naming the option.
///
///     const auto exporter = weft::telemetry::start({.service = "greeter"});
///     if (!exporter.ok()) return ...
///     server.add(weft::telemetry::server_traces());
[[nodiscard("nothing is exported without it")]] Result<Exporter> start(StartOptions options = {});

}  // namespace weft::telemetry
