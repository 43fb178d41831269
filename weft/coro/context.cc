#include "weft/coro/context.h"

#include <cassert>

namespace weft {

Context::Context(Context* parent) noexcept : parent_(parent), parent_hook_(*this) {
  if (parent == nullptr) return;
  deadline_ = parent->deadline_;
  trace_ = parent->trace_;
  if (!parent->add_hook(parent_hook_)) reason_ = parent->reason_;
}

void Context::cancel(const Status& reason) noexcept {
  assert(!reason.ok());
  if (is_cancelled()) return;
  reason_ = reason;
  // Unlinked before it is called, so that a hook may be destroyed by what it sets off.
  while (CancelHook* hook = hooks_.pop_front()) hook->cancelled(*hook, reason_);
}

void Context::set_baggage(std::string_view key, std::string_view value) {
  for (auto& [known, text] : baggage_) {
    if (known == key) {
      text = value;
      return;
    }
  }
  baggage_.emplace_back(key, value);
}

const std::string* Context::baggage(std::string_view key) const noexcept {
  for (const Context* context = this; context != nullptr; context = context->parent_) {
    for (const auto& [known, text] : context->baggage_) {
      if (known == key) return &text;
    }
  }
  return nullptr;
}

}  // namespace weft
