#pragma once

#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"

namespace weft::cli {

/// Opens what the user named: "postgres://..." or "postgresql://...", "sqlite:FILE" or FILE, which
/// must be there. INVALID_ARGUMENT of local origin for what is none of these.
Task<Result<sql::Database>> open_database(std::string store, sql::Access access);

}  // namespace weft::cli
