#include "weft/net/loop/wait.h"

#include <algorithm>
#include <utility>

namespace weft::net {

bool Wait::suspend(std::coroutine_handle<> handle, Context* context) {
  handle_ = handle;
  context_ = context;
  TimePoint wake = until_;
  if (context != nullptr) {
    if (!context->add_hook(*this)) {
      completed_ = true;
      status_ = context->cancel_reason();
      return false;
    }
    wake = std::min(wake, context->deadline());
  }
  if (wake != kNever) loop_.arm(*this, wake);
  return true;
}

void Wait::complete(Status status) noexcept {
  if (completed_) return;
  completed_ = true;
  status_ = std::move(status);
  Timer::cancel();
  CancelHook::unlink();
  if (handle_) loop_.ready(*this);
}

void Wait::resume(Runnable& item) noexcept { static_cast<Wait&>(item).handle_.resume(); }

void Wait::expired(Timer& timer) noexcept {
  auto& self = static_cast<Wait&>(timer);
  if (self.context_ == nullptr || self.until_ <= self.context_->deadline()) {
    self.complete();
  } else {
    // Cancelling the context also ends this wait, through its hook.
    self.context_->cancel(deadline_exceeded("deadline exceeded"));
  }
}

void Wait::context_cancelled(CancelHook& hook, const Status& reason) noexcept {
  static_cast<Wait&>(hook).complete(reason);
}

}  // namespace weft::net
