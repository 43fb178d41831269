#include "weft/rpc/connection/internal/read_budget.h"

namespace weft::rpc {

bool ReadBudget::take_other() noexcept {
  const bool first = std::exchange(first_, false);
  const bool waited_for = all_ != nullptr && all_->any();
  if (!first && (left_ < 0 || waited_for || loop_.round_is_long())) return false;
  spend(1);
  return true;
}

void ReadBudget::wait(Runnable& waiting) noexcept {
  RunnableQueue::remove(waiting);
  waiting_.push(waiting);
  if (set_due(true)) loop_.ready_alone(begin_);
}

bool ReadBudget::set_due(bool due) noexcept {
  if (std::exchange(turn_due_, due) == due) return false;
  if (all_ != nullptr) all_->count_ += due ? 1 : -1;
  return true;
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
  self.set_due(false);
  self.left_ = kUnits;
  self.large_ = self.first_ = true;
  // Each makes a coroutine ready, which runs later in this turn, or takes frames in; what cannot go
  // on waits again, for the next.
  RunnableQueue now(std::move(self.waiting_));
  while (Runnable* waiting = now.pop()) waiting->run(*waiting);
  self.loop_.ready(self.end_);
}

/// Behind the coroutines that begin_turn() has made ready.
void ReadBudget::end_turn(Runnable& step) noexcept {
  ReadBudget& self = static_cast<Step&>(step).self;
  self.large_ = self.first_ = false;
}

}  // namespace weft::rpc
