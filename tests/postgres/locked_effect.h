#pragma once

#include <cstdint>
#include <string>

#include "weft/storage/sql/database.h"
#include "weft/transaction/lock/locks.h"

namespace weft::test {

/// Writes into the table `effect` under the fence of a lock. `number` of a row is drawn after the
/// fence was passed.
inline Task<Status> locked_effect(sql::Transaction& tx, transaction::Locks& locks,
                                  std::string& name, std::int64_t& token) {
  const Status checked = co_await locks.check(tx, name, token);
  if (!checked.ok()) co_return checked;
  co_return (co_await tx.run("INSERT INTO effect(name, token) VALUES ($1, $2)", name, token))
      .status();
}

}  // namespace weft::test
