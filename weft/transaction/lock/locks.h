#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/barrier/barrier.h"
#include "weft/transaction/lock/lock.h"
#include "weft/transaction/lock/lock_holder.h"
#include "weft/transaction/lock/lock_store.h"

namespace weft::transaction {

struct LockOptions {
  /// How long the lock stays with a process that has died: 100 ms to an hour. It is renewed after a
  /// third of that.
  Duration lease = std::chrono::seconds(15);
  /// How long acquire() waits for a lock that another holds; zero: not at all. A deadline of the
  /// caller's Context ends the wait too.
  Duration wait = Duration::zero();
  /// The longest pause between two attempts at a lock that another holds, give or take 20 %.
  Duration poll = std::chrono::milliseconds(500);
};
static_assert(std::is_trivially_destructible_v<LockOptions>, "it stands in co_await expressions");

/// Locks with leases and fencing tokens, in the program's own database (SQLite, PostgreSQL), or in
/// etcd (etcd_locks()). A handle to copy; used on any loop. Guide: docs/guide/locks.md, with what a
/// lock does not promise.
class Locks {
 public:
  static constexpr std::size_t kMostName = 255;  ///< bytes, of a lock or a holder
  static constexpr Duration kLeastLease = std::chrono::milliseconds(100);
  static constexpr Duration kMostLease = std::chrono::hours(1);

  /// Makes the tables `weft_lock` and `weft_lock_token` where there are none. `holder` is what
  /// others see as the holder of this program's locks, such as its address; empty: "host:process
  /// id". FAILED_PRECONDITION where a newer program has made the tables.
  static Task<Result<Locks>> open(sql::Database database, std::string holder = {});

  /// Takes the lock, or waits for it; waiters are not served in their order. ABORTED where another
  /// still holds it after `wait`, and names the holder; INVALID_ARGUMENT for a name or options
  /// beyond the bounds; DEADLINE_EXCEEDED or CANCELLED by the caller's Context, DEADLINE_EXCEEDED
  /// also where the database gave no answer for `lease`; else the error of the database.
  [[nodiscard]] Task<Result<Lock>> acquire(std::string name, LockOptions options = {}) const;

  /// Who holds the lock, or nobody; of an election: who leads. Reads the database once.
  [[nodiscard]] Task<Result<std::optional<LockHolder>>> holder(std::string name) const;

  /// The fence, for effects in the same database: FAILED_PRECONDITION where `token` is not that of
  /// the lock's last holder. Until the transaction ends nobody else takes the lock, so its effects
  /// come before those of the next holder. A renewal does not wait for it.
  [[nodiscard]] Task<Status> check(sql::Transaction& transaction, std::string name,
                                   std::int64_t token) const;
  [[nodiscard]] Task<Status> check(OnceTransaction& transaction, std::string name,
                                   std::int64_t token) const;

  /// What the leader does. Its Context is cancelled when the lock is lost, or lead()'s is.
  using Term = std::function<Task<Status>(const Lock& leadership)>;
  /// Campaigns for the lock `name`, and runs `term` once it leads.
  ///
  /// - `term` gives OK and the lock was not lost: releases the lock and ends with OK.
  /// - The lock was lost, or `term` failed or threw: logs it, and campaigns again after a pause.
  /// - The Context is cancelled: ends with its reason, after `term` has ended and the lock is
  ///   released.
  ///
  /// An error of the database is logged and waited out. INVALID_ARGUMENT as for acquire().
  /// `LockOptions::wait` has no effect.
  [[nodiscard]] Task<Status> lead(std::string name, Term term, LockOptions options = {}) const;

  /// With a store of one's own.
  explicit Locks(std::shared_ptr<const LockStore> store) noexcept : store_(std::move(store)) {}

 private:
  std::shared_ptr<const LockStore> store_;
};

}  // namespace weft::transaction
