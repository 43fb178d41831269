#include "weft/rpc/internal/read_budget.h"

namespace weft::rpc {

void ReadBudget::wait(Runnable& waiting) noexcept {
  RunnableQueue::remove(waiting);
  waiting_.push(waiting);
  if (!std::exchange(turn_due_, true)) loop_.ready_alone(begin_);
}

void ReadBudget::wait_to_end(Runnable& ending) noexcept {
  RunnableQueue::remove(ending);
  // What is not read yet will not be: its readers are woken by the end of their streams.
  while (waiting_.pop() != nullptr) {
  }
  loop_.ready_to_end(ending);
}

void ReadBudget::begin_turn(Runnable& step) noexcept {
  ReadBudget& self = static_cast<Step&>(step).self;
  self.turn_due_ = false;
  self.left_ = kUnits;
  self.large_ = true;
  // Each makes a coroutine ready, which runs later in this turn; what cannot go on waits again.
  while (Runnable* waiting = self.waiting_.pop()) waiting->run(*waiting);
  self.loop_.ready(self.end_);
}

/// Behind the coroutines that begin_turn() has made ready.
void ReadBudget::end_turn(Runnable& step) noexcept { static_cast<Step&>(step).self.large_ = false; }

}  // namespace weft::rpc
