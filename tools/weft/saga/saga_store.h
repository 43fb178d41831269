#pragma once

#include <cstdint>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/driver.h"
#include "weft/transaction/saga/stored_sagas.h"

namespace weft::cli {

/// Opens what the user named: "postgres://..." or "postgresql://...", "sqlite:FILE" or FILE, which
/// must be there. INVALID_ARGUMENT of local origin for what is none of these, and for a database
/// without sagas.
Task<Result<transaction::StoredSagas>> open_sagas(std::string store, sql::Access access);

}  // namespace weft::cli
