#include "weft/coro/semaphore.h"

namespace weft {

void Semaphore::release() noexcept {
  Executor::leave_user_code();
  // The permit goes to the first in line without becoming available in between, so that a newcomer
  // cannot overtake.
  if (coro::Waiter* waiter = waiters_.pop_front(); waiter != nullptr) {
    waiter->wake();
  } else {
    ++available_;
  }
}

Semaphore::Acquire::~Acquire() {
  // Destroyed after a permit was granted and before the coroutine ran: it goes to the next.
  if (granted()) semaphore_.release();
}

Result<Semaphore::Permit> Semaphore::Acquire::await_resume() noexcept {
  if (permit_) return std::move(permit_);
  const bool mine = granted();
  waiting_ = false;
  if (!mine) return waiter_.take_status();
  return Permit(semaphore_);
}

}  // namespace weft
