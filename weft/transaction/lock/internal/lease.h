#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/transaction/lock/lock_store.h"

namespace weft::transaction::internal {

/// A lock that this process holds:
///
///     Held --(renewal finds another token, or held_until passes)--> ended: lost
///     Held --(release(), destruction)--> ended: released
///
/// Renews by itself. Belongs to its loop, and is destroyed in a turn of it, not by a hook of its
/// context.
class Lease : private net::Timer {
 public:
  /// `asked`: the loop's time before the lock was asked for.
  Lease(net::Loop& loop, std::shared_ptr<const LockStore> store, std::string name,
        std::int64_t token, Duration lease, TimePoint asked);

  const std::string& name() const noexcept { return name_; }
  std::int64_t token() const noexcept { return token_; }
  /// Asks the clock too: in a process that was frozen the timer comes late.
  bool is_held() const noexcept { return why_.ok() && loop_.now() < held_until_; }
  /// Cancelled when the lease has ended.
  Context& context() noexcept { return context_; }
  const Status& why() const noexcept { return why_; }
  Event& ended() noexcept { return ended_; }
  /// Ends the lease here; the row stays.
  void end(Status why);

  /// How long the holder counts on its lease: an eighth less than the table says, since two clocks
  /// never run at the same speed.
  static constexpr Duration safe_part(Duration lease) noexcept { return lease - lease / 8; }

 private:
  static void expired(net::Timer& timer) noexcept;
  void lose(const std::string& why);
  void hold_until(TimePoint when);
  Task<> keep_renewing();
  Task<Result<bool>> renew();

  net::Loop& loop_;
  const std::shared_ptr<const LockStore> store_;
  const std::string name_;
  const std::int64_t token_;
  const Duration lease_;
  TimePoint held_until_{};
  Status why_;  // OK while it is held
  Context context_;
  Event ended_;
  std::optional<Task<>> renewing_;  // last: ends before what it uses
};

}  // namespace weft::transaction::internal
