#pragma once

#include <cstdint>
#include <string>

#include "weft/base/status.h"

namespace weft::telemetry {

/// What lines of the log look like.
enum class LogForm : std::uint8_t {
  Text,               ///< as without set_up_log()
  OpenTelemetryJson,  ///< JsonNames::OpenTelemetry
  EcsJson,            ///< JsonNames::Ecs
};

/// What set_up_log() does. The environment has the last word on all that it names.
struct LogOptions {
  /// `WEFT_LOG_FORMAT`: text, json or ecs.
  LogForm form = LogForm::OpenTelemetryJson;
  /// Appended to; empty: the log stays where it is. `WEFT_LOG_FILE`.
  std::string file{};
  /// What lines of JSON say as service.name; empty: nothing. `OTEL_SERVICE_NAME`.
  std::string service{};
};

/// Lines of the whole program's log are JSON from now on, on standard error or in a file:
///
///     const weft::Status log = weft::telemetry::set_up_log({.service = "greeter"});
///
/// INVALID_ARGUMENT where WEFT_LOG_FORMAT names no form, FAILED_PRECONDITION where the file cannot
/// be opened; the log is as it was then. Lines that are written meanwhile may have either form.
[[nodiscard]] Status set_up_log(LogOptions options = {});

}  // namespace weft::telemetry
