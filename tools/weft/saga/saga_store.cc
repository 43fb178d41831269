#include "tools/weft/saga/saga_store.h"

#include <utility>

#include "tools/weft/store/sql_store.h"

namespace weft::cli {

Task<Result<transaction::StoredSagas>> open_sagas(std::string store, sql::Access access) {
  Result<sql::Database> database = co_await open_database(std::move(store), access);
  if (!database.ok()) co_return database.status();
  co_return co_await transaction::StoredSagas::open(*std::move(database));
}

}  // namespace weft::cli
