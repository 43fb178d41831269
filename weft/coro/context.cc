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

void Context::set_baggage(std::string_view key, std::string_view value,
                          std::string_view properties) {
  Baggage& baggage = luggage().baggage;
  for (BaggageEntry& known : baggage) {
    if (known.key != key) continue;
    known.value = value;
    known.properties = properties;
    return;
  }
  baggage.push_back({std::string(key), std::string(value), std::string(properties)});
}

const std::string* Context::baggage(std::string_view key) const noexcept {
  for (const Context* context = this; context != nullptr; context = context->parent_) {
    if (context->luggage_ == nullptr) continue;
    for (const BaggageEntry& entry : context->luggage_->baggage) {
      if (entry.key == key) return &entry.value;
    }
  }
  return nullptr;
}

std::size_t Context::luggage_memory() const noexcept {
  if (luggage_ == nullptr) return 0;
  std::size_t memory = sizeof(Luggage) + luggage_->trace.state.text().size() +
                       luggage_->baggage.capacity() * sizeof(BaggageEntry);
  for (const BaggageEntry& entry : luggage_->baggage) {
    memory += entry.key.capacity() + entry.value.capacity() + entry.properties.capacity();
  }
  return memory;
}

}  // namespace weft
