#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "weft/base/status.h"
#include "weft/base/time.h"

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
  /// Appended to by a thread of its own, which makes it again where somebody has renamed or removed
  /// it; empty: the log stays where it is. `WEFT_LOG_FILE`.
  std::string file{};
  /// A file that would have more bytes is renamed FILE.1 first, and FILE.1 FILE.2; 0: never.
  /// `WEFT_LOG_FILE_BYTES`.
  std::uint64_t file_bytes = 0;
  /// How many renamed files stay, 0 to 1,000. `WEFT_LOG_OLD_FILES`.
  int old_files = 5;
  /// At this signal, such as SIGHUP, the file is opened again before the next line; where there is
  /// no file, nothing happens. 0: at none. Until then the signal does what it did before, which for
  /// SIGHUP is to end the program.
  int reopen_signal = 0;
  /// What lines of JSON say as service.name; empty: nothing. `OTEL_SERVICE_NAME`.
  std::string service{};
};

/// Lines of the whole program's log are JSON from now on, on standard error or in a file:
///
///     const weft::Status log = weft::telemetry::set_up_log({.service = "greeter"});
///
/// INVALID_ARGUMENT where a variable or an option is none that it may be, FAILED_PRECONDITION where
/// the file cannot be opened; the log is as it was then. Lines that are written meanwhile may have
/// either form.
///
/// Nothing that logs waits for the file: up to 4 MiB of lines wait for its thread, and what finds
/// no room, or what the disk does not take, is counted in log_lines_lost() and said in the file.
/// The end of the program waits a second for them; a crash loses them.
[[nodiscard]] Status set_up_log(LogOptions options = {});

/// Waits until the lines that were logged before are in the file of set_up_log(), for what ends
/// without exit(). False after `longest`, which is a second at most; true where there is no file.
bool flush_log(Duration longest = std::chrono::seconds(1));

}  // namespace weft::telemetry
