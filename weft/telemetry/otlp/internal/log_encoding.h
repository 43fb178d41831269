#pragma once

#include <cstddef>
#include <string>

#include "weft/base/log/record.h"

namespace weft::telemetry::internal {

/// Bytes of a body; what is behind them is cut off, and the line says so.
inline constexpr std::size_t kMostLogBody = std::size_t{16} * 1024;

/// A `LogRecord` of OTLP (opentelemetry/proto/logs/v1), with the ids of its trace. Fields are
/// attributes: texts are cut as log_value() cuts them, durations are numbers of seconds.
std::string encode_log(const LogRecord& record);

}  // namespace weft::telemetry::internal
