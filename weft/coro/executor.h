#pragma once

#include "weft/base/time.h"

namespace weft {

/// A piece of work that an Executor runs once; intrusive, so queueing it allocates nothing. It must
/// stay alive until it has run, and be in at most one queue.
struct Runnable {
  using Function = void (*)(Runnable&) noexcept;
  explicit Runnable(Function function) noexcept : run(function) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  Function run;
  Runnable* next = nullptr;
};

/// First in, first out; a pointer chase per item, no allocation. Not thread-safe.
class RunnableQueue {
 public:
  bool empty() const noexcept { return head_ == nullptr; }
  void push(Runnable& item) noexcept {
    item.next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = &item;
    tail_ = &item;
  }
  Runnable* pop() noexcept {
    Runnable* item = head_;
    if (item != nullptr) {
      head_ = item->next;
      if (head_ == nullptr) tail_ = nullptr;
    }
    return item;
  }

 private:
  Runnable* head_ = nullptr;
  Runnable* tail_ = nullptr;
};

/// What runs coroutines: one thread, in turns. net::Loop implements it.
///
/// A turn is: events are taken in (bytes parsed, timers expired), each of them making coroutines
/// *ready*; then the ready ones run at the top level, where no parser or table is half-way through
/// a change; then what they wrote is flushed. So a coroutine never runs inside somebody's callback.
class Executor : public Clock {
 public:
  /// The executor whose thread this is, or null.
  static Executor* current() noexcept { return current_; }

  /// Runs `item` in this turn, after what is ready already; starts a turn if none is under way.
  /// Only on the executor's own thread.
  virtual void ready(Runnable& item) noexcept = 0;
  /// Runs `item` in a later turn. From any thread.
  virtual void post(Runnable& item) noexcept = 0;

 protected:
  inline static thread_local Executor* current_ = nullptr;
};

}  // namespace weft
