#pragma once

#include <coroutine>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/frame/waiter.h"

namespace weft {

/// A flag to wait for: set() wakes all waiters, and until reset() a wait ends at once. Belongs to
/// one thread; must outlive its waiters.
class Event {
 public:
  class Wait;

  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_set() const noexcept {
    Executor::leave_user_code();
    return set_;
  }
  /// Wakes the waiting coroutines in the order they came. One of them may destroy the event.
  void set() noexcept;
  void reset() noexcept {
    Executor::leave_user_code();
    set_ = false;
  }

  /// `co_await event.wait()`: OK once the event is set, or the reason for which the context of the
  /// waiting coroutine was cancelled.
  [[nodiscard("co_await it: until then nothing happens")]] Wait wait() noexcept;

 private:
  coro::WaiterList waiters_;
  bool set_ = false;
};

class [[nodiscard("co_await it: until then nothing happens")]] Event::Wait {
 public:
  explicit Wait(Event& event) noexcept : event_(event) {}
  bool await_ready() const noexcept { return event_.set_; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return waiter_.suspend(handle, event_.waiters_);
  }
  Status await_resume() noexcept { return waiter_.take_status(); }

 private:
  Event& event_;
  coro::Waiter waiter_;
};

inline Event::Wait Event::wait() noexcept { return Wait(*this); }

}  // namespace weft
