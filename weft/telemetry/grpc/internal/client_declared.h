#pragma once

#include <array>
#include <string_view>

#include "weft/telemetry/declared.h"

namespace weft::telemetry::internal {

// What channels count. Bounds of histograms are chosen by options, so they are not here.

inline constexpr std::array<std::string_view, 1> kTargetLabel{"grpc.target"};
inline constexpr std::array<std::string_view, 2> kMethodTargetLabels{"grpc.method", "grpc.target"};
inline constexpr std::array<std::string_view, 3> kMethodTargetStatusLabels{
    "grpc.method", "grpc.target", "grpc.status"};
inline constexpr std::array<std::string_view, 6> kOtelClientLabels{
    "rpc.system.name", "rpc.method",     "rpc.response.status_code",
    "error.type",      "server.address", "server.port"};
inline constexpr std::array<std::string_view, 2> kDisconnectLabels{"grpc.target",
                                                                   "grpc.disconnect_error"};
inline constexpr std::array<std::string_view, 2> kTargetEventLabels{"grpc.target", "weft.event"};

struct ClientDeclared {
  Declared started{{.kind = MetricKind::Counter,
                    .name = "grpc.client.attempt.started",
                    .unit = "{attempt}",
                    .description = "Attempts that have begun, including those that have not ended.",
                    .labels = kMethodTargetLabels},
                   "gRFC A66"};
  Declared duration{{.kind = MetricKind::Histogram,
                     .name = "grpc.client.attempt.duration",
                     .unit = "s",
                     .description = "Time of an attempt, with the choice of an instance.",
                     .labels = kMethodTargetStatusLabels},
                    "gRFC A66"};
  Declared sent{
      {.kind = MetricKind::Histogram,
       .name = "grpc.client.attempt.sent_total_compressed_message_size",
       .unit = "By",
       .description = "Bytes of an attempt's request messages, compressed, without framing.",
       .labels = kMethodTargetStatusLabels},
      "gRFC A66"};
  Declared received{
      {.kind = MetricKind::Histogram,
       .name = "grpc.client.attempt.rcvd_total_compressed_message_size",
       .unit = "By",
       .description = "Bytes of an attempt's response messages, compressed, without framing.",
       .labels = kMethodTargetStatusLabels},
      "gRFC A66"};
  Declared call_duration{
      {.kind = MetricKind::Histogram,
       .name = "grpc.client.call.duration",
       .unit = "s",
       .description = "Time of a call as the application sees it, with all its attempts.",
       .labels = kMethodTargetStatusLabels},
      "gRFC A66"};
  Declared otel_duration{
      {.kind = MetricKind::Histogram,
       .name = "rpc.client.call.duration",
       .unit = "s",
       .description = "Time of a call as the application sees it, with all its attempts.",
       .labels = kOtelClientLabels},
      "OpenTelemetry's semantic conventions",
      "ClientMetricsOptions::names"};

  Declared retries{{.kind = MetricKind::Histogram,
                    .name = "grpc.client.call.retries",
                    .unit = "{retry}",
                    .description = "Attempts of a call after the first that were no hedges.",
                    .labels = kMethodTargetLabels},
                   "gRFC A96",
                   "ClientMetricsOptions::retries"};
  Declared hedges{{.kind = MetricKind::Histogram,
                   .name = "grpc.client.call.hedges",
                   .unit = "{hedge}",
                   .description = "Attempts of a call that began while another was under way.",
                   .labels = kMethodTargetLabels},
                  "gRFC A96",
                  "ClientMetricsOptions::retries"};
  Declared transparent{
      {.kind = MetricKind::Histogram,
       .name = "grpc.client.call.transparent_retries",
       .unit = "{transparent_retry}",
       .description = "How often a call was sent again because its server had not begun it.",
       .labels = kMethodTargetLabels},
      "gRFC A96",
      "ClientMetricsOptions::retries"};
  Declared retry_delay{{.kind = MetricKind::Histogram,
                        .name = "grpc.client.call.retry_delay",
                        .unit = "s",
                        .description = "Time of a call in which no attempt was under way.",
                        .labels = kMethodTargetLabels},
                       "gRFC A96",
                       "ClientMetricsOptions::retries"};

  Declared disconnections{{.kind = MetricKind::Counter,
                           .name = "grpc.subchannel.disconnections",
                           .unit = "{disconnection}",
                           .description = "Connections to instances that have ended.",
                           .labels = kDisconnectLabels},
                          "gRFC A94",
                          "ClientMetricsOptions::subchannels"};
  Declared connected{{.kind = MetricKind::Counter,
                      .name = "grpc.subchannel.connection_attempts_succeeded",
                      .unit = "{attempt}",
                      .description = "Attempts to connect to an instance that succeeded.",
                      .labels = kTargetLabel},
                     "gRFC A94",
                     "ClientMetricsOptions::subchannels"};
  Declared not_connected{{.kind = MetricKind::Counter,
                          .name = "grpc.subchannel.connection_attempts_failed",
                          .unit = "{attempt}",
                          .description = "Attempts to connect to an instance that failed.",
                          .labels = kTargetLabel},
                         "gRFC A94",
                         "ClientMetricsOptions::subchannels"};
  Declared open{{.kind = MetricKind::UpDownCounter,
                 .name = "grpc.subchannel.open_connections",
                 .unit = "{connection}",
                 .description = "Connections to instances now.",
                 .labels = kTargetLabel},
                "gRFC A94",
                "ClientMetricsOptions::subchannels"};
  Declared ejections{{.kind = MetricKind::Counter,
                      .name = "grpc.lb.outlier_detection.ejections_enforced",
                      .unit = "{ejection}",
                      .description = "Instances that a loop leaves out because of their failures.",
                      .labels = kTargetLabel},
                     "gRFC A91",
                     "ClientMetricsOptions::outliers"};

  Declared active{{.kind = MetricKind::UpDownCounter,
                   .name = "weft.client.attempts.active",
                   .unit = "{attempt}",
                   .description = "Attempts under way.",
                   .labels = kMethodTargetLabels}};
  Declared wait{{.kind = MetricKind::Histogram,
                 .name = "weft.client.call.wait",
                 .unit = "s",
                 .description = "Time that a call waits for a connection with room for it.",
                 .labels = kTargetLabel}};
  Declared endpoints{{.kind = MetricKind::Counter,
                      .name = "weft.client.endpoint.events",
                      .unit = "{event}",
                      .description = "What became of instances, once for each loop: found, gone, "
                                     "ejected, probing, back, unhealthy, healthy.",
                      .labels = kTargetEventLabels}};
  Declared resolved{{.kind = MetricKind::Counter,
                     .name = "weft.client.resolver.answers",
                     .unit = "{answer}",
                     .description = "Answers of the resolver, once for each loop: ok, error.",
                     .labels = kTargetEventLabels}};
  Declared found{{.kind = MetricKind::Gauge,
                  .name = "weft.client.resolver.endpoints",
                  .unit = "{endpoint}",
                  .description = "Instances that the resolver has found last.",
                  .labels = kTargetLabel}};
};
inline constexpr ClientDeclared kClient;

}  // namespace weft::telemetry::internal
