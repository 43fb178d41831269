#pragma once

#include <string_view>
#include <utility>

#include "weft/coro/context.h"
#include "weft/coro/executor.h"
#include "weft/net/loop/loop.h"

namespace weft::net {

/// While it exists, this thread runs a handler that has not awaited anything yet: what blocks the
/// thread now inherits the call's context, and what holds the loop is known by its path. Made and
/// ended by the caller of the handler.
class Serving {
 public:
  /// `path` ("/pkg.Service/Method") lives as long as the loop; null where it does not.
  WEFT_NOT_INLINE_IN_COROUTINES Serving(Loop& loop, const std::string_view* path,
                                        const Context& context) noexcept
      : loop_(loop), path_(path), context_(context), outer_(std::exchange(current_, this)) {
    loop_.set_handler(path);
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() { end(); }

  /// Ends a UserCode too, since another thread may run the loop until then. Idempotent.
  WEFT_NOT_INLINE_IN_COROUTINES void end() noexcept {
    if (std::exchange(ended_, true)) return;
    Executor::leave_user_code();
    current_ = outer_;
    loop_.set_handler(nullptr);
  }

  /// Of this thread; null where it runs no handler.
  WEFT_NOT_INLINE_IN_COROUTINES static const Serving* current() noexcept { return current_; }
  /// Empty where it is not known.
  std::string_view path() const noexcept { return path_ == nullptr ? std::string_view() : *path_; }
  /// For a thread that another took the loop over from, and that has it back.
  void resume() const noexcept { loop_.set_handler(path_); }
  /// Until the call's deadline, by its loop's clock; kForever where there is none.
  Duration time_left() const noexcept {
    const TimePoint deadline = context_.deadline();
    return deadline == kNever ? kForever : deadline - loop_.now();
  }
  /// The call's. Only what may be asked from any thread.
  const Context& context() const noexcept { return context_; }

 private:
  inline static constinit thread_local const Serving* current_ = nullptr;

  Loop& loop_;
  const std::string_view* path_;
  const Context& context_;
  const Serving* outer_;
  bool ended_ = false;
};

}  // namespace weft::net
