#pragma once

#include "weft/coro/context.h"
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

}  // namespace weft::net
