#include "weft/coro/context.h"

#include <cassert>

#include "weft/coro/executor.h"

namespace weft {

Context::Context(Context* parent) : CancelHook(&Context::parent_cancelled), parent_(parent) {
  if (parent == nullptr) return;
  Executor::leave_user_code();
  deadline_.store(parent->deadline(), std::memory_order_relaxed);
  if (parent->luggage_ != nullptr) luggage().trace = parent->luggage_->trace;
  if (parent->add_hook(*this)) return;
  reason_ = parent->reason_;
  cancelled_.store(true, std::memory_order_release);
}

void Context::cancel(const Status& reason) noexcept {
  assert(!reason.ok());
  Executor::leave_user_code();
  if (is_cancelled()) return;
  reason_ = reason;
  cancelled_.store(true, std::memory_order_release);
  // From a list of its own and with a copy of the reason: what a hook sets off may destroy it,
  // other hooks and this context.
  const Status copy = reason;
  IntrusiveList<CancelHook> hooks;
  hooks.splice_back(hooks_);
  while (CancelHook* hook = hooks.pop_front()) hook->cancelled(*hook, copy);
}

void Context::set_baggage(std::string_view key, std::string_view value) {
  Baggage& baggage = luggage().baggage;
  for (auto& [known, text] : baggage) {
    if (known == key) {
      text = value;
      return;
    }
  }
  baggage.emplace_back(key, value);
}

const std::string* Context::baggage(std::string_view key) const noexcept {
  for (const Context* context = this; context != nullptr; context = context->parent_) {
    if (context->luggage_ == nullptr) continue;
    for (const auto& [known, text] : context->luggage_->baggage) {
      if (known == key) return &text;
    }
  }
  return nullptr;
}

}  // namespace weft
