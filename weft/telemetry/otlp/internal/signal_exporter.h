#pragma once

#include "weft/coro/task.h"
#include "weft/telemetry/otlp/export_stats.h"

namespace weft::telemetry::internal {

/// Exports one signal. Belongs to the loop that runs it.
class SignalExporter {
 public:
  virtual ~SignalExporter() = default;
  /// Exports until stop(), and then what is there. Ends at once when its context is cancelled.
  virtual Task<> run() = 0;
  /// Exports now.
  virtual void wake() noexcept = 0;
  /// run() sends what is there, each request once more at most, and ends.
  virtual void stop() noexcept = 0;
  /// From any thread.
  virtual ExportStats stats() const noexcept = 0;
};

}  // namespace weft::telemetry::internal
