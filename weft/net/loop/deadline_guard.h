#pragma once

#include <utility>

#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"

namespace weft::net {

/// Enforces a Context's deadline while in scope: at that time it cancels the context with
/// "deadline exceeded after 50ms" (DEADLINE_EXCEEDED). A deadline that has passed already cancels
/// at once. The guard must not outlive the context or the loop.
class DeadlineGuard : private Timer {
 public:
  /// `start`: since when the time counts, for the message; usually loop.now().
  DeadlineGuard(Loop& loop, Context& context, TimePoint start);
  DeadlineGuard(Loop& loop, Context& context) : DeadlineGuard(loop, context, loop.now()) {}

  /// To be called after the context's deadline was moved earlier.
  void update();

 private:
  static void expired(Timer& timer) noexcept;
  Status reason() const;

  Loop& loop_;
  Context& context_;
  TimePoint start_;
};

/// Awaits `task` in a child of the caller's Context, which is cancelled at `deadline` with
/// DEADLINE_EXCEEDED. On the current loop.
template <class T>
Task<T> with_deadline(TimePoint deadline, Task<T> task) {
  Context limited(co_await current_context());
  limited.limit_deadline(deadline);
  const DeadlineGuard guard(*Loop::current(), limited);
  co_return co_await std::move(task).in(limited);
}

/// Awaits `task` in a Context of its own, for `longest` at most: for what has to be done although
/// the caller has gone. On the current loop.
template <class T>
Task<T> in_own_context(Duration longest, Task<T> task) {
  Loop& loop = *Loop::current();
  Context own;
  own.limit_deadline(after(loop.now(), longest));
  const DeadlineGuard guard(loop, own);
  co_return co_await std::move(task).in(own);
}

}  // namespace weft::net
