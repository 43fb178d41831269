#pragma once

#include <coroutine>
#include <cstddef>

#include "weft/base/intrusive_list.h"
#include "weft/coro/frame/waiter.h"
#include "weft/coro/task.h"

namespace weft::coro {

/// Started tasks that one coroutine waits for, also through a cancellation: `co_await countdown`.
class [[nodiscard("co_await it: until then nothing happens")]] Countdown {
 public:
  Countdown() noexcept = default;
  Countdown(const Countdown&) = delete;
  Countdown& operator=(const Countdown&) = delete;

  void add() noexcept { ++left_; }
  /// The last thing a task does; may resume, and end, the coroutine that waits.
  void subtract() noexcept {
    if (--left_ == 0 && waiter_.linked()) waiter_.wake();
  }

  bool await_ready() const noexcept { return left_ == 0; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return waiter_.suspend(handle, list_, OnCancel::KeepWaiting);
  }
  void await_resume() const noexcept {}

 private:
  std::size_t left_ = 0;
  WaiterList list_;
  Waiter waiter_;
};

}  // namespace weft::coro
