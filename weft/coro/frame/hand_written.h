#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "weft/base/catch_all.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/task.h"

namespace weft::coro {

/// How every frame begins. GCC, Clang and MSVC agree on it, and libstdc++'s noop_coroutine() relies
/// on it as well: what resumes, null once the coroutine is done; what destroys; the promise.
template <class T>
struct FrameHead {
  void (*resume)(FrameHead*) noexcept;
  void (*destroy)(FrameHead*) noexcept;
  Promise<T> promise;
};

/// Ends the program: this compiler lays frames out otherwise.
[[noreturn, gnu::cold]] void wrong_frame_layout() noexcept;

/// A coroutine of a Task<T> whose frame is a class, for what every call has one of: compilers give
/// each local and each temporary of a coroutine a place of its own, and steps to set it up. To code
/// that awaits, starts or destroys the task sees a coroutine like any other.
///
/// `Self` derives from it and has `bool advance()`, which is called when the task is started and
/// whenever it is to go on: it goes on from where it stands, and returns true when it has ended,
/// with end(). What it throws is what the task ends with.
template <class Self, class T>
class HandWritten : public Pooled, private FrameHead<T> {
 public:
  HandWritten(const HandWritten&) = delete;
  HandWritten& operator=(const HandWritten&) = delete;

  /// The task, lazy like every other; it owns this object.
  template <class... Arguments>
  static Task<T> make(Arguments&&... arguments) {
    return (new Self(std::forward<Arguments>(arguments)...))->promise.get_return_object();
  }

 protected:
  HandWritten() noexcept : Frame{&HandWritten::run, &HandWritten::dispose, {}} {
    // Constant where compilers agree, so the test is not in the program.
    if (handle().address() != static_cast<Frame*>(this)) [[unlikely]]
      wrong_frame_layout();
  }
  ~HandWritten() = default;

  /// The task's result; what advance() returns then.
  bool end(T value) noexcept {
    this->promise.return_value(std::move(value));
    return true;
  }
  /// As end(), with a result made of `of` in its place, which may be changed until advance()
  /// returns true.
  template <class U>
  T& end_in_place(U&& of) {
    this->promise.return_value(std::forward<U>(of));
    return this->promise.value();
  }
  /// What it runs in, once it has begun.
  Context* context() const noexcept { return this->promise.context(); }
  /// Goes on: what a wait ends with. It may be gone afterwards.
  void go_on() noexcept { run(this); }
  /// Starts `child` in the context of this; false where it is done already. Otherwise it goes on
  /// when the child has ended.
  template <class U>
  bool waits_for(Task<U>& child) {
    typename Task<U>::Awaiter awaiter(child);
    return !awaiter.await_ready() && awaiter.await_suspend(handle());
  }

 private:
  using Frame = FrameHead<T>;
  using Handle = std::coroutine_handle<Promise<T>>;

  Handle handle() noexcept { return Handle::from_promise(this->promise); }
  static void run(Frame* frame) noexcept {
    auto& self = static_cast<HandWritten&>(*frame);
    bool ended = true;
    catch_all([&] { ended = static_cast<Self&>(self).advance(); },
              [frame] { frame->promise.unhandled_exception(); });
    if (!ended) return;
    frame->resume = nullptr;
    frame->promise.final_suspend().await_suspend(self.handle()).resume();
  }
  static void dispose(Frame* frame) noexcept {
    delete &static_cast<Self&>(static_cast<HandWritten&>(*frame));
  }
};

}  // namespace weft::coro
