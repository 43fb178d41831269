#pragma once

#include "weft/telemetry/declared.h"

namespace weft::telemetry::internal {

struct ProcessDeclared {
  Declared cpu{{.kind = MetricKind::Counter,
                .name = "process.cpu",
                .unit = "s",
                .description = "Processor time, the user's and the system's."},
               "Prometheus' client libraries"};
  Declared resident{{.kind = MetricKind::Gauge,
                     .name = "process.resident_memory",
                     .unit = "By",
                     .description = "Memory that is there."},
                    "Prometheus' client libraries"};
  Declared virtual_memory{{.kind = MetricKind::Gauge,
                           .name = "process.virtual_memory",
                           .unit = "By",
                           .description = "Address space."},
                          "Prometheus' client libraries"};
  Declared descriptors{{.kind = MetricKind::Gauge,
                        .name = "process.open_fds",
                        .description = "Open file descriptors."},
                       "Prometheus' client libraries"};
  Declared most_descriptors{{.kind = MetricKind::Gauge,
                             .name = "process.max_fds",
                             .description = "How many may be open."},
                            "Prometheus' client libraries"};
  Declared threads{
      {.kind = MetricKind::Gauge, .name = "process.threads", .description = "Threads."},
      "Prometheus' client libraries"};
  Declared start{{.kind = MetricKind::Gauge,
                  .name = "process.start_time",
                  .unit = "s",
                  .description = "When it began, since 1970."},
                 "Prometheus' client libraries"};
  Declared lost_lines{{.kind = MetricKind::Counter,
                       .name = "weft.log.lost",
                       .unit = "{line}",
                       .description = "Log lines that no sink took."}};
};
inline constexpr ProcessDeclared kProcess;

}  // namespace weft::telemetry::internal
