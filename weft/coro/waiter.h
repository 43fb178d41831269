#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/context.h"
#include "weft/coro/executor.h"
#include "weft/coro/task.h"

namespace weft::coro {

/// Whether a wait ends when the context of the waiting coroutine is cancelled.
enum class OnCancel : std::uint8_t { End, KeepWaiting };

/// A suspended coroutine in the list of what it waits for, until it is woken or its context is
/// cancelled, whichever comes first. Part of an awaiter, so of the coroutine's frame; may be
/// destroyed at any time. For one thread.
///
/// A deadline ends the wait when whoever enforces it cancels the context.
class Waiter : public ListNode, private Runnable {
 public:
  Waiter() noexcept : Runnable(&Waiter::resume), hook_(*this) {}

  /// Puts the coroutine at the end of `list`; false if its context is cancelled already, which
  /// status() then tells: the coroutine must go on.
  template <class P>
  bool suspend(std::coroutine_handle<P> handle, IntrusiveList<Waiter>& list,
               OnCancel on_cancel = OnCancel::End) noexcept {
    return suspend(handle, on_cancel == OnCancel::End ? context_of(handle) : nullptr, list);
  }

  /// Ends the wait with `status`: leaves the list and makes the coroutine ready, or resumes it at
  /// once on a thread without executor. Must be suspended.
  void wake(Status status = {}) noexcept;

  /// How the wait ended; it has if this is not linked().
  const Status& status() const noexcept { return status_; }
  Status take_status() noexcept { return std::move(status_); }

 private:
  struct Hook final : CancelHook {
    explicit Hook(Waiter& owner) noexcept : CancelHook(&Hook::run), self(owner) {}
    static void run(CancelHook& hook, const Status& reason) noexcept {
      static_cast<Hook&>(hook).self.wake(reason);
    }
    Waiter& self;
  };
  bool suspend(std::coroutine_handle<> handle, Context* context,
               IntrusiveList<Waiter>& list) noexcept;
  static void resume(Runnable& item) noexcept { static_cast<Waiter&>(item).handle_.resume(); }

  std::coroutine_handle<> handle_;
  Status status_;
  Hook hook_;
};

}  // namespace weft::coro
