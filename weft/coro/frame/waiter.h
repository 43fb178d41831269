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

/// Links a Waiter into the list of waiters for the same thing.
struct WaiterNode : ListNode {};
class Waiter;
using WaiterList = IntrusiveList<Waiter, WaiterNode>;

/// A suspended coroutine in the list of what it waits for, until it is woken or its context is
/// cancelled, whichever comes first. Part of an awaiter, so of the coroutine's frame; may be
/// destroyed at any time. For one thread.
///
/// A deadline ends the wait by cancelling the context.
class Waiter : public WaiterNode, private Runnable, private CancelHook {
 public:
  Waiter() noexcept : Runnable(&Waiter::resume), CancelHook(&Waiter::context_cancelled) {}

  /// Puts the coroutine at the end of `list`; false if its context is cancelled already, which
  /// status() then tells: the coroutine must go on.
  template <class P>
  bool suspend(std::coroutine_handle<P> handle, WaiterList& list,
               OnCancel on_cancel = OnCancel::End) noexcept {
    return suspend(handle, on_cancel == OnCancel::End ? context_of(handle) : nullptr, list);
  }

  /// Ends the wait with `status`: leaves the list and makes the coroutine ready, or resumes it at
  /// once on a thread without executor. Must be suspended.
  void wake(Status status = {}) noexcept;
  bool linked() const noexcept { return WaiterNode::linked(); }

  /// How the wait ended; it has if this is not linked().
  const Status& status() const noexcept { return status_; }
  Status take_status() noexcept { return std::move(status_); }

 private:
  static void context_cancelled(CancelHook& hook, const Status& reason) noexcept {
    static_cast<Waiter&>(hook).wake(reason);
  }
  bool suspend(std::coroutine_handle<> handle, Context* context, WaiterList& list) noexcept;
  static void resume(Runnable& item) noexcept { static_cast<Waiter&>(item).handle_.resume(); }

  std::coroutine_handle<> handle_;
  Status status_;
};

}  // namespace weft::coro
