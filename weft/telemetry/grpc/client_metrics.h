#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/rpc/call/observer.h"
#include "weft/telemetry/grpc/names.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {

/// What client_metrics() counts.
struct ClientMetricsOptions {
  CallNames names = CallNames::Grpc;
  CallBuckets buckets = CallBuckets::Standard;
  /// Put in the place of the target's name, where programs have many targets: "other".
  std::string target{};
  /// Retries, hedges and their delays (gRFC A96).
  bool retries = false;
  /// Connections to instances (gRFC A94).
  bool subchannels = false;
  /// Ejections by outlier detection (gRFC A91).
  bool outliers = false;
  /// What only weft has: attempts under way, the wait for connections, instances, resolvers.
  bool own = true;
  /// Null: the process's. It outlives the observer.
  Registry* registry = nullptr;
};

/// Counts the calls of a channel to `target` (gRFC A66), and their attempts. Methods that are
/// called without generated code are `other`.
///
///     channel.add(telemetry::client_metrics(channel.target()));
std::shared_ptr<Observer> client_metrics(std::string_view target,
                                         ClientMetricsOptions options = {});

/// The target as the label `grpc.target` has it: "dns:///greeter:50051" of "greeter:50051"; without
/// its query.
std::string canonical_target(std::string_view target);

}  // namespace weft::telemetry
