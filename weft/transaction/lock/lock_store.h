#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/queryable.h"
#include "weft/transaction/lock/lock_holder.h"

namespace weft::transaction {

/// Where locks are kept, for who writes another store; see Locks. Tokens of a name increase over
/// its holders, for ever.
class LockStore {
 public:
  LockStore() = default;
  LockStore(const LockStore&) = delete;
  LockStore& operator=(const LockStore&) = delete;
  virtual ~LockStore() = default;

  /// How an attempt to take a lock ended.
  struct Attempt {
    std::int64_t token = 0;  ///< 0: the lock is not free
    std::string holder{};    ///< who holds it, where that is known
  };
  /// Takes the lock where it is free, for `lease` at least. May set `token` before it knows the
  /// outcome: where that stays unknown, the caller releases that token.
  virtual Task<Result<Attempt>> take(std::string name, Duration lease,
                                     std::shared_ptr<std::int64_t> token) const = 0;
  /// The holder whose lease has not ended.
  virtual Task<Result<std::optional<LockHolder>>> find(std::string name) const = 0;
  /// For another `lease` at least. False where another has taken the lock, or it was deleted.
  virtual Task<Result<bool>> renew(std::string name, std::int64_t token, Duration lease) const = 0;
  /// OK also where the lock is not that of `token`.
  virtual Task<Status> release(std::string name, std::int64_t token) const = 0;
  /// FAILED_PRECONDITION where `token` is not the lock's; until the transaction ends nobody takes
  /// the lock. UNIMPLEMENTED where the locks are not in the transaction's database.
  virtual Task<Status> check(sql::Queryable& transaction, std::string name,
                             std::int64_t token) const = 0;
};

}  // namespace weft::transaction
