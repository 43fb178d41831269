#include "weft/coro/event.h"

namespace weft {

void Event::set() noexcept {
  Executor::leave_user_code();
  set_ = true;
  // From a list of its own: whoever is resumed may reset the event, wait again or destroy it.
  coro::WaiterList woken;
  woken.splice_back(waiters_);
  while (coro::Waiter* waiter = woken.pop_front()) waiter->wake();
}

}  // namespace weft
