#include "tools/weft/store/sql_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "weft/storage/sqlite/database.h"

#ifdef WEFT_CLI_POSTGRES
#include "weft/storage/postgres/database.h"
#endif

namespace weft::cli {
namespace {

Task<Result<sql::Database>> open_postgres(std::string store) {
#ifdef WEFT_CLI_POSTGRES
  postgres::Options options;
  options.connections = 1;
  Result<postgres::Database> database = co_await postgres::open(std::move(store), options);
  if (!database.ok()) co_return database.status();
  co_return sql::Database(*std::move(database));
#else
  static_cast<void>(store);
  co_return invalid_argument("this weft was built without PostgreSQL (libpq)");
#endif
}

Task<Result<sql::Database>> open_sqlite(std::string file, sql::Access access) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    co_return invalid_argument("STORE '" + file + "': there is no such file");
  }
  sqlite::Options options;
  options.access = access;
  options.readers = 1;
  Result<sqlite::Database> database = co_await sqlite::open(std::move(file), std::move(options));
  if (!database.ok()) co_return database.status();
  co_return sql::Database(*std::move(database));
}

}  // namespace

Task<Result<sql::Database>> open_database(std::string store, sql::Access access) {
  if (store.starts_with("postgres://") || store.starts_with("postgresql://")) {
    return open_postgres(std::move(store));
  }
  constexpr std::string_view kSqlite = "sqlite:";
  if (store.starts_with(kSqlite)) store.erase(0, kSqlite.size());
  return open_sqlite(std::move(store), access);
}

}  // namespace weft::cli
