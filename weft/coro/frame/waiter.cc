#include "weft/coro/frame/waiter.h"

namespace weft::coro {

bool Waiter::suspend(std::coroutine_handle<> handle, Context* context, WaiterList& list) noexcept {
  if (context != nullptr && !context->add_hook(*this)) {
    status_ = context->cancel_reason();
    return false;
  }
  handle_ = handle;
  list.push_back(*this);
  return true;
}

void Waiter::wake(Status status) noexcept {
  WaiterNode::unlink();
  CancelHook::unlink();
  status_ = std::move(status);
  if (Executor* executor = Executor::current(); executor != nullptr) {
    executor->ready(*this);
  } else {
    handle_.resume();
  }
}

}  // namespace weft::coro
