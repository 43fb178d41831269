#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/lock/lock_holder.h"

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
/// deletes the lock's row. A handle to copy, for any loop.
class LockStore {
 public:
  /// `holder`: the name of this process; empty: "host:process id".
  static Task<Result<LockStore>> open(sql::Database database, std::string holder);

  /// How an attempt to take a lock ended.
  struct Attempt {
    std::int64_t token = 0;  ///< 0: the lock is not free
    std::string holder;      ///< who holds it, where that is known
  };
  /// Writes only where the lock is free. Sets `token` before the commit: where the outcome of the
  /// commit is unknown, the caller releases that token.
  Task<Result<Attempt>> take(std::string name, Duration lease,
                             std::shared_ptr<std::int64_t> token) const;
  /// The holder whose lease has not ended.
  Task<Result<std::optional<LockHolder>>> find(std::string name) const;
  /// False where another has taken the lock, or it was deleted.
  Task<Result<bool>> renew(std::string name, std::int64_t token, Duration lease) const;
  Task<Status> release(std::string name, std::int64_t token) const;
  /// FAILED_PRECONDITION where `token` is not the lock's. Until the transaction ends nobody takes
  /// the lock; renewals go on.
  Task<Status> check(sql::Queryable& transaction, std::string name, std::int64_t token) const;

 private:
  struct Statements;
  struct Taking;
  static Task<Result<std::int64_t>> take_in(sql::Transaction& tx, Taking& taking);
  LockStore(sql::Database database, std::shared_ptr<const Statements> statements);

  sql::Database database_;
  std::shared_ptr<const Statements> statements_;
};

}  // namespace weft::transaction::internal
