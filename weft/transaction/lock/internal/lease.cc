#include "weft/transaction/lock/internal/lease.h"

#include <algorithm>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/net/loop/deadline_guard.h"

namespace weft::transaction::internal {

Lease::Lease(net::Loop& loop, std::shared_ptr<const LockStore> store, std::string name,
             std::int64_t token, Duration lease, TimePoint asked)
    : Timer(&Lease::expired),
      loop_(loop),
      store_(std::move(store)),
      name_(std::move(name)),
      token_(token),
      lease_(lease) {
  hold_until(asked + safe_part(lease));
  renewing_.emplace(keep_renewing());
  renewing_->start(&context_, {.function = [](void*) noexcept {}, .argument = nullptr});
}

void Lease::hold_until(TimePoint when) {
  held_until_ = when;
  loop_.arm(*this, when);
}

void Lease::expired(net::Timer& timer) noexcept {
  auto& self = static_cast<Lease&>(timer);
  self.lose("its lease of " + to_string(self.lease_) + " was not renewed in time");
}

void Lease::end(Status why) {
  if (!why_.ok()) return;
  why_ = std::move(why);
  Timer::cancel();
  ended_.set();
  context_.cancel(why_);
}

void Lease::lose(const std::string& why) {
  static constinit LogLimit limit(5);
  Status lost = aborted("the lock \"" + name_ + "\" was lost: " + why);
  log(limit, LogLevel::Warn, lost.message());
  end(std::move(lost));
}

/// Gives up when the lease ends here, and early enough for another attempt: the connection may be
/// one that gives no answer any more.
Task<Result<bool>> Lease::renew() {
  const TimePoint end = std::min(held_until_, after(loop_.now(), lease_ / 4));
  return net::with_deadline(end, store_->renew(name_, token_, lease_));
}

Task<> Lease::keep_renewing() {
  Duration pause = lease_ / 3;
  while (why_.ok()) {
    const Status waited = co_await net::sleep(pause);
    if (!waited.ok()) co_return;
    const TimePoint asked = loop_.now();
    const Result<bool> renewed = co_await renew();
    if (!is_held()) co_return;  // the timer reports the loss
    if (renewed.ok() && !*renewed) {
      lose("another has taken it, or it was deleted");
      co_return;
    }
    if (renewed.ok()) {
      hold_until(asked + safe_part(lease_));
      pause = lease_ / 3;
      continue;
    }
    static constinit LogLimit limit(1);
    log(limit, LogLevel::Warn,
        "the lock \"" + name_ + "\" was not renewed: " + renewed.status().to_string());
    pause = scaled(lease_, (1 + loop_.rng().uniform()) / 32);
  }
}

}  // namespace weft::transaction::internal
