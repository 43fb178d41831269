#include "weft/transaction/lock/lock.h"

#include <chrono>
#include <utility>

#include "weft/net/loop/deadline_guard.h"

namespace weft::transaction {
namespace {

/// Cancels one Context when another is.
class Chain : private CancelHook {
 public:
  explicit Chain(Context& then) noexcept : CancelHook(&Chain::on_cancelled), then_(then) {}
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  [[nodiscard]] bool follow(Context& first) noexcept { return first.add_hook(*this); }

 private:
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept {
    static_cast<Chain&>(hook).then_.cancel(reason);
  }
  Context& then_;
};

}  // namespace

Lock::Lock(std::shared_ptr<const LockStore> store, std::unique_ptr<internal::Lease> lease)
    : store_(std::move(store)), lease_(std::move(lease)) {}
Lock::Lock(Lock&&) noexcept = default;
Lock& Lock::operator=(Lock&&) noexcept = default;
Lock::~Lock() = default;

Task<Status> Lock::lost() const {
  internal::Lease& lease = *lease_;
  Status waited = co_await lease.ended().wait();
  if (!waited.ok()) co_return waited;
  co_return lease.why();
}

Task<Status> Lock::run(Task<Status> work) const {
  internal::Lease& lease = *lease_;
  Context both(co_await current_context());
  Chain chain(both);
  if (!chain.follow(lease.context())) co_return lease.why();
  if (!lease.is_held()) co_return aborted("the lock \"" + lease.name() + "\" was lost");
  co_return co_await std::move(work).in(both);
}

Task<Status> Lock::release() {
  constexpr Duration kLongest = std::chrono::seconds(5);
  lease_->end(cancelled("the lock \"" + name() + "\" was released"));
  const std::shared_ptr<const LockStore> store = store_;
  Task<Status> deletion = store->release(name(), token());
  co_return co_await net::in_own_context(kLongest, std::move(deletion));
}

}  // namespace weft::transaction
