#pragma once

#include <functional>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/grpc/load_report.h"

namespace weft {

struct LoadReportOptions {
  /// Over how long rates are measured, and how often utilization is asked for; at least 100 ms.
  Duration window = std::chrono::seconds(1);
  /// The share of the processors that is in use; 1 is all. Called once per window, on the thread of
  /// a loop, never twice at a time. Empty: the process's processor time over that of all processors
  /// that it may use.
  std::function<double()> cpu_utilization{};
  /// How much of what it can do the application does; 1 is all. Likewise. Empty: not reported, and
  /// balancers go by the processors.
  std::function<double()> application_utilization{};
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const LoadReportOptions& options);

/// On a server: tells with every response how loaded the process is (gRFC A51, per-query reports in
/// ORCA's format), for callers with weighted_round_robin(): utilization, calls a second, and those
/// of them that failed by the server's fault (UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS,
/// DEADLINE_EXCEEDED). Nothing before the first window has passed. A handler that has put a report
/// into its trailers keeps that.
///
/// The rates are the process's. Each loop counts for itself and adds it up ten times per window,
/// under a lock.
Middleware load_report(LoadReportOptions options = {});

}  // namespace weft
