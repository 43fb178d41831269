#pragma once

#include <array>
#include <string_view>

#include "weft/telemetry/declared.h"

namespace weft::telemetry::internal {

inline constexpr std::array<std::string_view, 1> kOutcomeLabel{"weft.outcome"};

/// What became of spans that were to be exported.
inline constexpr Declared kSpans{
    {.kind = MetricKind::Counter,
     .name = "weft.telemetry.spans",
     .unit = "{span}",
     .description =
         "Spans by what became of them: exported, rejected (a partial success), refused, "
         "given_up, dropped (no room in the queues).",
     .labels = kOutcomeLabel}};

/// What became of metrics that were to be pushed.
inline constexpr Declared kPoints{
    {.kind = MetricKind::Counter,
     .name = "weft.telemetry.metric_points",
     .unit = "{point}",
     .description =
         "Points of metrics that were pushed, by what became of them: exported, rejected "
         "(a partial success), refused, given_up.",
     .labels = kOutcomeLabel}};

/// What became of log lines that were to be exported.
inline constexpr Declared kLogLines{
    {.kind = MetricKind::Counter,
     .name = "weft.telemetry.log_lines",
     .unit = "{line}",
     .description =
         "Log lines by what became of their export: exported, rejected (a partial success), "
         "refused, given_up, dropped (no room in the queue).",
     .labels = kOutcomeLabel}};

}  // namespace weft::telemetry::internal
