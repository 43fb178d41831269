#pragma once

#include <string>

#include "weft/base/status.h"

#include "tools/weft/schema/schema.h"
#include "tools/weft/terminal.h"

namespace weft::cli {

/// What the user typed was wrong; nothing was called.
inline constexpr int kUsageError = 2;
/// Standard output does not take what is written.
inline constexpr int kOutputError = 1;

/// 0 for OK, kUsageError for what this process found wrong with the command, else the code + 64.
int exit_status(const Status& status) noexcept;

/// "NOT_FOUND: no such user", and the status's details, a line each, as JSON where their types are
/// known: those of google.rpc, and those of `schema` where it is not null.
std::string status_text(const Status& status, const Schema* schema, const Style& style);

/// Writes the status, unless it is OK, to standard error and gives the exit status.
int report(const Status& status, const Schema* schema = nullptr);

}  // namespace weft::cli
