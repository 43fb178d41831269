#pragma once

#include <memory>

#include "weft/rpc/call/observer.h"
#include "weft/telemetry/grpc/names.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {

/// What server_metrics() counts.
struct ServerMetricsOptions {
  CallNames names = CallNames::Grpc;
  CallBuckets buckets = CallBuckets::Standard;
  /// What only weft has: calls under way, the wait for the loop, refusals, connections, memory,
  /// loops. Without it: gRPC's metrics alone.
  bool own = true;
  /// Null: the process's. It outlives the observer.
  Registry* registry = nullptr;
};

/// Counts the calls of a server (gRFC A66). Those that were refused before a handler count as
/// started and ended, with a time of 0; a method that nobody registered is `other`. To count what
/// policies do, it also goes into their options (`circuit_breaker({.observer = metrics.get()})`),
/// where it has to outlive them. docs/reference/metrics.md lists the metrics.
///
///     server.add(telemetry::server_metrics());
std::shared_ptr<Observer> server_metrics(ServerMetricsOptions options = {});

}  // namespace weft::telemetry
