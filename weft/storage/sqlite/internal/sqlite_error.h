#pragma once

#include <string_view>

#include "weft/base/status.h"

struct sqlite3;

namespace weft::sqlite {

/// The SQLSTATE for a SQLite result code, primary or extended: that of PostgreSQL for the same
/// thing.
std::string_view sqlstate_of(int code) noexcept;

/// The last error of a connection; `code` is what the call gave. Errors of the file name it.
Status last_error(sqlite3* connection, int code, std::string_view file);

/// The Status for a code without a connection.
Status error_of(int code, std::string_view file);

}  // namespace weft::sqlite
