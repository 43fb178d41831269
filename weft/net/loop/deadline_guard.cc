#include "weft/net/loop/deadline_guard.h"

namespace weft::net {

DeadlineGuard::DeadlineGuard(Loop& loop, Context& context, TimePoint start)
    : Timer(&DeadlineGuard::expired), loop_(loop), context_(context), start_(start) {
  if (context.deadline() <= start && !context.is_cancelled()) {
    context.cancel(deadline_exceeded("the deadline had passed before the start"));
  } else {
    update();
  }
}

void DeadlineGuard::update() {
  if (context_.deadline() != kNever && !context_.is_cancelled()) {
    loop_.arm(*this, context_.deadline());
  }
}

void DeadlineGuard::expired(Timer& timer) noexcept {
  auto& self = static_cast<DeadlineGuard&>(timer);
  self.context_.cancel(self.reason());
}

Status DeadlineGuard::reason() const {
  return deadline_exceeded("deadline exceeded after " + to_string(context_.deadline() - start_));
}

}  // namespace weft::net
