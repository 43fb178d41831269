#pragma once

#include <memory>

#include <libpq-fe.h>

/// libpq's objects with owners.
namespace weft::postgres {

struct FreeLibpq {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  void operator()(PGresult* result) const noexcept { PQclear(result); }
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

using PgConnection = std::unique_ptr<PGconn, FreeLibpq>;
using PgResult = std::unique_ptr<PGresult, FreeLibpq>;
using PgOptions = std::unique_ptr<PQconninfoOption, FreeLibpq>;

}  // namespace weft::postgres
