#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/transaction/lock/internal/lease.h"

namespace weft::transaction {

/// A lock that this process holds and renews until it is released, lost or destroyed. Belongs to
/// the loop that acquired it.
///
/// A lease cannot stop a frozen process. An effect that must not come after the loss is checked
/// against token(), by Locks::check() or at the resource (a fencing token: Kleppmann, "How to do
/// distributed locking", 2016).
class Lock {
 public:
  /// For Locks.
  Lock(std::shared_ptr<const LockStore> store, std::unique_ptr<internal::Lease> lease);
  Lock(Lock&&) noexcept;
  Lock& operator=(Lock&&) noexcept;
  /// Ends the renewal. Without release() before, others wait until the lease has ended.
  ~Lock();

  const std::string& name() const noexcept { return lease_->name(); }
  /// Greater than every token of this name before, also over releases and restarts; not by one.
  std::int64_t token() const noexcept { return lease_->token(); }
  /// Whether the lease is valid, by this machine's monotonic clock.
  bool is_held() const noexcept { return lease_->is_held(); }

  /// Waits until the lock is lost (ABORTED, with the reason) or released (CANCELLED); the reason of
  /// the caller's Context where that is cancelled first. A loss is reported before the lease ends
  /// in the database, unless this process is frozen or its loop blocked. This Lock outlives the
  /// Task.
  [[nodiscard]] Task<Status> lost() const;
  /// Cancelled at the same time as lost() ends, with the same reason. Its hooks must not destroy
  /// this Lock.
  Context& context() const noexcept { return lease_->context(); }
  /// Awaits `work` in a Context that is cancelled when the lock is lost, and with the caller's.
  /// ABORTED where the lock is lost already: `work` does not begin. This Lock outlives the Task.
  [[nodiscard]] Task<Status> run(Task<Status> work) const;

  /// Frees the lock for others at once; OK for one that was lost. Tries for 5 s, also where the
  /// caller is cancelled meanwhile. After an error the lease ends by itself.
  [[nodiscard]] Task<Status> release();

 private:
  std::shared_ptr<const LockStore> store_;
  std::unique_ptr<internal::Lease> lease_;
};

}  // namespace weft::transaction
