#pragma once

#include <cassert>

#include "weft/base/time.h"

namespace weft {

/// A piece of work that an Executor runs once; intrusive, so queueing it allocates nothing. It is
/// in at most one queue, and leaves that queue when it is destroyed (on the queue's thread), so
/// that a coroutine that became ready may still be destroyed.
struct Runnable {
  using Function = void (*)(Runnable&) noexcept;
  explicit Runnable(Function function) noexcept : run(function) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
  ~Runnable() {
    if (previous_ != nullptr) leave_queue();
  }

  Function run;
  /// The next in a queue; free for other uses while it is in none.
  Runnable* next = nullptr;

 private:
  friend class RunnableQueue;
  void leave_queue() noexcept {
    previous_->next = next;
    next->previous_ = previous_;
    previous_ = nullptr;
  }
  Runnable* previous_ = nullptr;
};

/// First in, first out, without allocation. Not thread-safe.
class RunnableQueue {
 public:
  RunnableQueue() noexcept { reset(); }
  RunnableQueue(RunnableQueue&& other) noexcept : RunnableQueue() { splice_back(other); }
  RunnableQueue& operator=(RunnableQueue&& other) noexcept {
    if (this != &other) {
      while (pop() != nullptr) {
      }
      splice_back(other);
    }
    return *this;
  }
  /// What is left is not run.
  ~RunnableQueue() {
    while (pop() != nullptr) {
    }
    head_.previous_ = nullptr;
  }

  bool empty() const noexcept { return head_.next == &head_; }
  void push(Runnable& item) noexcept {
    assert(item.previous_ == nullptr);
    item.next = &head_;
    item.previous_ = head_.previous_;
    head_.previous_->next = &item;
    head_.previous_ = &item;
  }
  /// The oldest, out of the queue; null when empty.
  Runnable* pop() noexcept {
    Runnable* item = head_.next;
    if (item == &head_) return nullptr;
    item->leave_queue();
    return item;
  }
  /// Takes `item` out, if it is in the queue.
  static void remove(Runnable& item) noexcept {
    if (item.previous_ != nullptr) item.leave_queue();
  }
  /// Moves all of `other` to the end of this queue.
  void splice_back(RunnableQueue& other) noexcept {
    if (other.empty()) return;
    Runnable* first = other.head_.next;
    Runnable* last = other.head_.previous_;
    other.reset();
    first->previous_ = head_.previous_;
    head_.previous_->next = first;
    last->next = &head_;
    head_.previous_ = last;
  }

 private:
  void reset() noexcept { head_.next = head_.previous_ = &head_; }
  // A ring through the queue itself: no special cases at the ends.
  Runnable head_{nullptr};
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
