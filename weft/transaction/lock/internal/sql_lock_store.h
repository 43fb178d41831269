#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/lock/lock_store.h"

namespace weft::transaction::internal {

/// The tables of locks. A row of `weft_lock` is a lock that is held, or was held when its holder
/// died:
///
///     name        of the lock
///     token       of its holder, unique
///     holder      the holder's name, for people and observers
///     lease_until milliseconds since 1970 by the database's clock
///
/// `weft_lock_token` has one row, the last token of all names: tokens increase although a release
/// deletes the lock's row. For any loop.
class SqlLockStore final : public LockStore {
 public:
  /// `holder`: the name of this process.
  static Task<Result<std::shared_ptr<const LockStore>>> open(sql::Database database,
                                                             std::string holder);

  /// Writes only where the lock is free.
  Task<Result<Attempt>> take(std::string name, Duration lease,
                             std::shared_ptr<std::int64_t> token) const override;
  Task<Result<std::optional<LockHolder>>> find(std::string name) const override;
  Task<Result<bool>> renew(std::string name, std::int64_t token, Duration lease) const override;
  Task<Status> release(std::string name, std::int64_t token) const override;
  /// A renewal does not wait for it.
  Task<Status> check(sql::Queryable& transaction, std::string name,
                     std::int64_t token) const override;

 private:
  struct Statements;
  struct Taking;
  static Task<Result<std::int64_t>> take_in(sql::Transaction& tx, Taking& taking);
  SqlLockStore(sql::Database database, std::shared_ptr<const Statements> statements);

  sql::Database database_;
  std::shared_ptr<const Statements> statements_;
};

}  // namespace weft::transaction::internal
