#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::net {

/// One T for each loop: what a policy keeps where nothing has to be locked, since a call and its
/// middlewares stay on one loop. Made when a loop first asks; found by walking a list that is only
/// ever added to, each loop by itself, and that is as long as there are loops. What loops that have
/// ended had stays until this object goes.
template <class T>
class LoopLocal {
 public:
  LoopLocal() noexcept = default;
  LoopLocal(const LoopLocal&) = delete;
  LoopLocal& operator=(const LoopLocal&) = delete;
  ~LoopLocal() {
    for (Part* part = parts_.load(std::memory_order_acquire); part != nullptr;) {
      delete std::exchange(part, part->next);
    }
  }

  /// The T of `loop`, on its thread; made of `arguments` the first time.
  template <class... Args>
  T& of(net::Loop& loop, Args&&... arguments) const {
    Part* const head = parts_.load(std::memory_order_acquire);
    for (Part* part = head; part != nullptr; part = part->next) {
      if (part->loop == loop.anchor()) [[likely]]
        return part->value;
    }
    return add(loop, head, std::forward<Args>(arguments)...);
  }

 private:
  struct Part {
    template <class... Args>
    Part(std::shared_ptr<net::LoopAnchor> where, Part* rest, Args&&... arguments)
        : loop(std::move(where)), next(rest), value(std::forward<Args>(arguments)...) {}
    // Kept, so that a later loop cannot have the same.
    std::shared_ptr<net::LoopAnchor> loop;
    Part* next;
    T value;
  };
  template <class... Args>
  T& add(net::Loop& loop, Part* head, Args&&... arguments) const {
    auto* part = new Part(loop.anchor(), head, std::forward<Args>(arguments)...);
    while (!parts_.compare_exchange_weak(part->next, part, std::memory_order_acq_rel)) {
    }
    return part->value;
  }

  // A middleware is const; what it knows of its calls is not part of what it is.
  mutable std::atomic<Part*> parts_{nullptr};
};

}  // namespace weft::net
