#pragma once

#include <cstdint>
#include <string_view>

#include "weft/base/function.h"

namespace weft {

enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warn, Error, Off };

/// Whether a message of this level would be written; one relaxed load.
bool log_enabled(LogLevel level) noexcept;

/// Writes one line to the log (standard error unless a sink is set): `message` as printable() shows
/// it, whatever bytes it has. Never throws and never blocks the caller on a failing sink: a line
/// that cannot be written is counted in `log_lines_lost()`. Callable from any thread.
void log(LogLevel level, std::string_view message) noexcept;

/// Default: Info, or what the environment variable WEFT_LOG names (trace, debug, info, warn, error,
/// off).
void set_log_level(LogLevel level) noexcept;

/// Sends log lines to `sink` instead of standard error; an empty function restores the default.
void set_log_sink(UniqueFunction<void(LogLevel, std::string_view)> sink);

/// Writes log lines to a file (appending); on failure the log stays where it was and false is
/// returned.
[[nodiscard]] bool set_log_file(std::string_view path);

/// Lines that no sink took, for example because the disk was full.
std::uint64_t log_lines_lost() noexcept;

}  // namespace weft
