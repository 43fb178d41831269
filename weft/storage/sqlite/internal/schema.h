#pragma once

#include "weft/base/status.h"
#include "weft/storage/sqlite/database.h"
#include "weft/storage/sqlite/internal/connection.h"

namespace weft::sqlite {

/// Sees that the file is this program's and sound, and brings its schema up to date. Before the
/// first migration nothing is written to a file that has something in it.
///
/// In the file: application_id and user_version, which is the number of migrations that it has had,
/// in SQLite's header, and
///
///     weft_migrations(version INTEGER PRIMARY KEY,  from 1
///                     name TEXT, applied_at TEXT)   the migration's; when, in UTC
Status prepare_schema(Connection& connection, const Options& options);

}  // namespace weft::sqlite
