#pragma once

#include <array>
#include <string_view>

#include "weft/telemetry/declared.h"

namespace weft::telemetry::internal {

// What servers count. Bounds of histograms are chosen by options, so they are not here.

inline constexpr std::array<std::string_view, 1> kMethodLabel{"grpc.method"};
inline constexpr std::array<std::string_view, 2> kMethodStatusLabels{"grpc.method", "grpc.status"};
inline constexpr std::array<std::string_view, 4> kOtelServerLabels{
    "rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type"};
inline constexpr std::array<std::string_view, 2> kRefusalLabels{"weft.cause", "grpc.method"};
inline constexpr std::array<std::string_view, 1> kByLabel{"weft.by"};
inline constexpr std::array<std::string_view, 1> kLoopLabel{"weft.loop"};
inline constexpr std::array<std::string_view, 2> kPolicyLabels{"weft.policy", "weft.event"};

struct ServerDeclared {
  Declared started{{.kind = MetricKind::Counter,
                    .name = "grpc.server.call.started",
                    .unit = "{call}",
                    .description = "Calls that have begun, including those that have not ended.",
                    .labels = kMethodLabel},
                   "gRFC A66"};
  Declared duration{{.kind = MetricKind::Histogram,
                     .name = "grpc.server.call.duration",
                     .unit = "s",
                     .description = "Time of a call, from its headers to its status.",
                     .labels = kMethodStatusLabels},
                    "gRFC A66"};
  Declared sent{{.kind = MetricKind::Histogram,
                 .name = "grpc.server.call.sent_total_compressed_message_size",
                 .unit = "By",
                 .description = "Bytes of a call's response messages, compressed, without framing.",
                 .labels = kMethodStatusLabels},
                "gRFC A66"};
  Declared received{
      {.kind = MetricKind::Histogram,
       .name = "grpc.server.call.rcvd_total_compressed_message_size",
       .unit = "By",
       .description = "Bytes of a call's request messages, compressed, without framing.",
       .labels = kMethodStatusLabels},
      "gRFC A66"};
  Declared otel_duration{{.kind = MetricKind::Histogram,
                          .name = "rpc.server.call.duration",
                          .unit = "s",
                          .description = "Time of a call, from its headers to its status.",
                          .labels = kOtelServerLabels},
                         "OpenTelemetry's semantic conventions",
                         "ServerMetricsOptions::names"};
  Declared active{{.kind = MetricKind::UpDownCounter,
                   .name = "weft.server.calls.active",
                   .unit = "{call}",
                   .description = "Calls under way.",
                   .labels = kMethodLabel}};
  Declared wait{{.kind = MetricKind::Histogram,
                 .name = "weft.server.call.wait",
                 .unit = "s",
                 .description = "Time from a call's headers to its first middleware: how long it "
                                "waits for its loop.",
                 .labels = kMethodLabel}};
  Declared refusals{{.kind = MetricKind::Counter,
                     .name = "weft.server.refusals",
                     .unit = "{request}",
                     .description = "Requests that were refused before a handler: overload, "
                                    "deadline, limit, headers, method, not_grpc.",
                     .labels = kRefusalLabels}};
  Declared connections{{.kind = MetricKind::UpDownCounter,
                        .name = "weft.server.connections",
                        .unit = "{connection}",
                        .description = "Connections now."}};
  Declared opened{{.kind = MetricKind::Counter,
                   .name = "weft.server.connections.opened",
                   .unit = "{connection}",
                   .description = "Connections that were accepted."}};
  Declared closed{{.kind = MetricKind::Counter,
                   .name = "weft.server.connections.closed",
                   .unit = "{connection}",
                   .description = "Connections that have ended, by the side that caused it: local, "
                                  "peer, network.",
                   .labels = kByLabel}};
  Declared refused{{.kind = MetricKind::Counter,
                    .name = "weft.server.connections.refused",
                    .unit = "{connection}",
                    .description = "Connections that were closed at once because of a limit."}};
  Declared failed{{.kind = MetricKind::Counter,
                   .name = "weft.server.connections.failed",
                   .unit = "{connection}",
                   .description = "Connections that never came to calls: TLS, no HTTP/2."}};
  Declared memory{{.kind = MetricKind::UpDownCounter,
                   .name = "weft.server.memory",
                   .unit = "By",
                   .description = "Memory that clients make the server hold."}};
  Declared memory_limit{{.kind = MetricKind::UpDownCounter,
                         .name = "weft.server.memory.limit",
                         .unit = "By",
                         .description = "What they may (ServerOptions::max_memory)."}};
  Declared loop_lag{{.kind = MetricKind::Histogram,
                     .name = "weft.loop.lag",
                     .unit = "s",
                     .description = "How late a timer of a loop runs; taken once a second.",
                     .labels = kLoopLabel}};
  Declared rounds{{.kind = MetricKind::Counter,
                   .name = "weft.loop.rounds",
                   .unit = "{round}",
                   .description = "How often a loop has looked for events.",
                   .labels = kLoopLabel}};
};
inline constexpr ServerDeclared kServer;

/// What policies tell the observer in their options.
inline constexpr Declared kPolicyEvents{
    {.kind = MetricKind::Counter,
     .name = "weft.policy.events",
     .unit = "{event}",
     .description = "What policies did: a breaker opened, a limit or a budget rejected, a retry "
                    "began. The policies' headers list the events.",
     .labels = kPolicyLabels}};

}  // namespace weft::telemetry::internal
