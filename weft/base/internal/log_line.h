#pragma once

#include "weft/base/log/record.h"

namespace weft::base {

/// The format that was set, or null.
const LogFormat* log_format() noexcept;
/// Writes the line that `format` makes of the record, whatever its level; counts it when it is
/// lost.
void write_formatted(const LogFormat& format, const LogRecord& record) noexcept;

}  // namespace weft::base
