#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "weft/rpc/call/observer.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

/// What server_traces() and client_traces() record.
struct CallTracesOptions {
  /// Calls of grpc.health.v1 and of gRPC's reflection too.
  bool health_and_reflection = false;
  /// Client: a span for each attempt below that of the call. Without them the server's span is a
  /// child of the call's.
  bool attempts = true;
  /// Null: the process's. It outlives the observer.
  Tracer* tracer = nullptr;
};

/// A span of kind SERVER for each call of a server, from its headers to its status: the child of
/// the span that its caller sent, and the parent of what its handler begins. Calls that are refused
/// before a handler have none. To be added before what reads the ids of spans, such as
/// server_metrics() for its exemplars.
///
///     server.add(telemetry::server_traces());
std::shared_ptr<Observer> server_traces(CallTracesOptions options = {});

/// A span of kind CLIENT for each call of a channel to `target`, and for each of its attempts.
///
///     channel.add(telemetry::client_traces(channel.target()));
std::shared_ptr<Observer> client_traces(std::string_view target, CallTracesOptions options = {});

}  // namespace weft::telemetry
