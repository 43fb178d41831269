#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/telemetry/otlp/environment.h"
#include "weft/telemetry/otlp/otlp_options.h"
#include "weft/telemetry/otlp/span_exporter.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

/// What start() does. OpenTelemetry's variables of the environment have the last word on all that
/// they name.
struct StartOptions {
  /// `service.name`, which says whose spans these are.
  std::string service{};
  /// Said of all spans beside what detect_resource() finds, and in its place where the keys are the
  /// same.
  std::vector<Attribute> resource{};
  Sampling sampling{};
  OtlpOptions otlp{};
  /// How long stop() may take.
  Duration stop_timeout = std::chrono::seconds(2);
  /// Null: the process's. It outlives the Exporter.
  Tracer* tracer = nullptr;
};

/// Exports the spans of a tracer, on a thread of its own, as long as it lives.
class Exporter {
 public:
  Exporter(Exporter&&) noexcept;
  Exporter& operator=(Exporter&&) = delete;
  ~Exporter();

  /// Sends what is there, for StartOptions::stop_timeout at most, whatever the collector does; what
  /// is left then is counted as given up. Nothing is exported afterwards, and nothing recorded.
  void stop() noexcept;
  ExportStats stats() const noexcept;

 private:
  friend Result<Exporter> start(StartOptions options);
  class Impl;
  explicit Exporter(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;  // null: there is nothing to export
};

/// Records and exports spans, as the options and the environment say, until the result is
/// destroyed. INVALID_ARGUMENT naming the option.
///
///     const auto exporter = weft::telemetry::start({.service = "greeter"});
///     if (!exporter.ok()) return ...
///     server.add(weft::telemetry::server_traces());
[[nodiscard("spans are exported as long as it lives")]] Result<Exporter> start(
    StartOptions options = {});

}  // namespace weft::telemetry
