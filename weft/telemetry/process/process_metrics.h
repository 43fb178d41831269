#pragma once

#include <memory>

#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {

/// The process as its system sees it, from /proc: CPU time, memory, descriptors, threads, start.
/// Under the names that Prometheus' client libraries use.
class ProcessMetrics;

/// Counts the process as long as the result is kept; reading costs a collection some 50
/// microseconds. Null registry: the process's.
std::shared_ptr<const ProcessMetrics> process_metrics(Registry* registry = nullptr);

}  // namespace weft::telemetry
