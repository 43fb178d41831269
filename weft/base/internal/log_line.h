#pragma once

#include <string_view>

#include "weft/base/log/record.h"
#include "weft/base/log/tap.h"

namespace weft::base {

/// The format that was set, or null.
const LogFormat* log_format() noexcept;
/// The tap that was set, or null.
LogTap* log_tap() noexcept;
/// `changed` is called when the program's level has changed. Once.
void on_log_level(void (*changed)() noexcept) noexcept;
/// Writes a record, whatever its level, with the time it is now: to the tap, and as a line.
void write_record(LogRecord record) noexcept;
/// Writes a line as text, whatever its level; counts it when it is lost. The tap does not see it.
void write_text(LogLevel level, std::string_view message) noexcept;
/// Writes the line that `format` makes of the record, whatever its level; counts it when it is
/// lost.
void write_formatted(const LogFormat& format, const LogRecord& record) noexcept;

}  // namespace weft::base
