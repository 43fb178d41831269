#include "weft/storage/postgres/database.h"

#include <utility>

#include "weft/net/loop/loop.h"
#include "weft/storage/postgres/internal/postgres_driver.h"

namespace weft::postgres {

Database::Database(std::shared_ptr<PostgresDriver> driver) : sql::Database(std::move(driver)) {}

Task<Result<Database>> open(std::string connection_string, Options options) {
  Result<Conninfo> info = Conninfo::parse(connection_string, options.idle_transaction);
  if (!info.ok()) co_return info.status();
  if (net::Loop::current()->is_simulated()) {
    co_return unimplemented("PostgreSQL needs a loop that is not simulated");
  }
  auto driver = std::make_shared<PostgresDriver>(*std::move(info), options);
  const Status connected = co_await driver->connect();
  if (!connected.ok()) co_return connected;
  co_return Database(std::move(driver));
}

}  // namespace weft::postgres
