#pragma once

#include <utility>

#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"

namespace weft::transaction::internal {

/// A task in a Context of its owner's: who waits for its end may leave, and it goes on. Shared by
/// the owner, who ends it by destroying the task, and by those who wait.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void start(Context& context, Task<> task) {
    task_ = std::move(task);
    task_.start(&context,
                {.function = [](void* over) noexcept { static_cast<Event*>(over)->set(); },
                 .argument = &over_});
  }
  /// Of one that is over: rethrows what it ended with.
  void check() { task_.take(); }
  Event& over() noexcept { return over_; }

 private:
  Event over_;
  Task<> task_;
};

}  // namespace weft::transaction::internal
