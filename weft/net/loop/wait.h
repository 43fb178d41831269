#pragma once

#include <coroutine>

#include "weft/coro/context.h"
#include "weft/coro/executor.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"

namespace weft::net {

/// Suspends a coroutine until complete() is called, a time is reached, or its Context is cancelled
/// or expires, whichever comes first; `co_await wait` gives the Status of that. Lives in the
/// awaiting frame, is awaited once, and may be destroyed at any time; for the loop's thread.
class [[nodiscard("co_await it: until then nothing happens")]] Wait : private Runnable,
                                                                      private Timer,
                                                                      private CancelHook {
 public:
  /// `until`: then the wait ends with OK.
  explicit Wait(Loop& loop, TimePoint until = kNever) noexcept
      : Runnable(&Wait::resume),
        Timer(&Wait::expired),
        CancelHook(&Wait::context_cancelled),
        loop_(loop),
        until_(until) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  /// Ends the wait, also one that has not begun; only the first end counts.
  void complete(Status status = {}) noexcept;
  bool completed() const noexcept { return completed_; }
  Loop& loop() const noexcept { return loop_; }

  bool await_ready() const noexcept { return completed_; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return suspend(handle, coro::context_of(handle));
  }
  Status await_resume() noexcept { return std::move(status_); }

 private:
  bool suspend(std::coroutine_handle<> handle, Context* context);
  static void resume(Runnable& item) noexcept;
  static void expired(Timer& timer) noexcept;
  static void context_cancelled(CancelHook& hook, const Status& reason) noexcept;

  Loop& loop_;
  TimePoint until_;
  Context* context_ = nullptr;
  std::coroutine_handle<> handle_;
  Status status_;
  bool completed_ = false;
};

}  // namespace weft::net
