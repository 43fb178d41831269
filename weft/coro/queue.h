#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "weft/base/intrusive_list.h"
#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/coro/frame/waiter.h"

namespace weft {

/// A bounded channel between coroutines of one thread, first in, first out on both sides. push()
/// waits while it is full, pop() while it is empty. Must outlive its waiters.
template <class T>
class Queue {
 public:
  class Push;
  class Pop;

  /// Holds up to `capacity` items, at least one.
  explicit Queue(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// `co_await queue.push(item)`: OK when the item is in; FAILED_PRECONDITION when the queue is
  /// closed; or the reason for which the waiting coroutine's context was cancelled.
  [[nodiscard("co_await it: until then nothing happens")]] Push push(T item) {
    return Push(*this, std::move(item));
  }
  /// Puts `item` in if there is room and the queue is open; otherwise leaves it and returns false.
  [[nodiscard]] bool try_push(T& item);

  /// `co_await queue.pop()`: an item; nullopt once the queue is closed and empty; or the reason for
  /// which the waiting coroutine's context was cancelled.
  [[nodiscard("co_await it: until then nothing happens")]] Pop pop() noexcept { return Pop(*this); }
  [[nodiscard]] std::optional<T> try_pop();

  /// No more items come: waiting push() calls fail, waiting pop() calls give nullopt. Queued items
  /// can still be popped. Idempotent.
  void close() noexcept;
  bool closed() const noexcept {
    Executor::leave_user_code();
    return closed_;
  }
  std::size_t size() const noexcept {
    Executor::leave_user_code();
    return items_.size();
  }

 private:
  // An item that arrives goes straight to the first waiter, so that no coroutine overtakes it.
  bool give(T& item) {
    auto* waiting = static_cast<Popper*>(poppers_.pop_front());
    if (waiting == nullptr) return false;
    waiting->item.emplace(std::move(item));
    waiting->wake();
    return true;
  }
  static Status closed_status() { return failed_precondition("the queue is closed"); }

  struct Pusher final : coro::Waiter {
    explicit Pusher(T value) : item(std::move(value)) {}
    T item;
  };
  struct Popper final : coro::Waiter {
    std::optional<T> item;
  };

  std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> items_;
  // One of the two is empty.
  coro::WaiterList pushers_;
  coro::WaiterList poppers_;
};

/// Awaiter of push().
template <class T>
class [[nodiscard("co_await it: until then nothing happens")]] Queue<T>::Push {
 public:
  Push(Queue& queue, T item) : queue_(queue), pusher_(std::move(item)) {}
  bool await_ready() { return queue_.closed_ || (pushed_ = queue_.try_push(pusher_.item)); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return waited_ = pusher_.suspend(handle, queue_.pushers_), waited_;
  }
  Status await_resume() {
    if (pushed_) return {};
    if (!waited_ && pusher_.status().ok()) return closed_status();
    return pusher_.take_status();
  }

 private:
  Queue& queue_;
  Pusher pusher_;
  bool pushed_ = false;
  bool waited_ = false;
};

/// Awaiter of pop().
template <class T>
class [[nodiscard("co_await it: until then nothing happens")]] Queue<T>::Pop {
 public:
  explicit Pop(Queue& queue) noexcept : queue_(queue) {}
  Pop(const Pop&) = delete;
  Pop& operator=(const Pop&) = delete;
  /// An item that was given to a coroutine which is destroyed before it ran is not lost.
  ~Pop() {
    if (popper_.item.has_value() && !queue_.give(*popper_.item)) {
      queue_.items_.push_front(*std::move(popper_.item));
    }
  }

  bool await_ready() {
    popper_.item = queue_.try_pop();
    return popper_.item.has_value() || queue_.closed_;
  }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return popper_.suspend(handle, queue_.poppers_);
  }
  Result<std::optional<T>> await_resume() {
    if (!popper_.status().ok()) return popper_.take_status();
    return std::exchange(popper_.item, std::nullopt);
  }

 private:
  Queue& queue_;
  Popper popper_;
};

template <class T>
bool Queue<T>::try_push(T& item) {
  Executor::leave_user_code();
  if (closed_) return false;
  if (give(item)) return true;
  if (items_.size() >= capacity_) return false;
  items_.push_back(std::move(item));
  return true;
}

template <class T>
std::optional<T> Queue<T>::try_pop() {
  Executor::leave_user_code();
  if (items_.empty()) return std::nullopt;
  std::optional<T> item(std::in_place, std::move(items_.front()));
  items_.pop_front();
  if (auto* pusher = static_cast<Pusher*>(pushers_.pop_front()); pusher != nullptr) {
    items_.push_back(std::move(pusher->item));
    pusher->wake();
  }
  return item;
}

template <class T>
void Queue<T>::close() noexcept {
  Executor::leave_user_code();
  closed_ = true;
  // From lists of their own: a resumed coroutine may destroy the queue.
  coro::WaiterList pushers;
  coro::WaiterList poppers;
  pushers.splice_back(pushers_);
  poppers.splice_back(poppers_);
  while (coro::Waiter* waiter = pushers.pop_front()) waiter->wake(closed_status());
  while (coro::Waiter* waiter = poppers.pop_front()) waiter->wake();
}

}  // namespace weft
