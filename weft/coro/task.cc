#include "weft/coro/task.h"

#include <new>

#include "weft/base/fatal.h"

namespace weft::coro {

/// Laid out as a frame is. What resumes and destroys it is there before any static object is made.
struct MovedFromFrame {
  void (*resume)(MovedFromFrame*) noexcept;
  void (*destroy)(MovedFromFrame*) noexcept;
  alignas(Promise<void>) unsigned char promise[sizeof(Promise<void>)];

  static void nothing(MovedFromFrame*) noexcept {}
  /// It counts as awaited.
  bool take() noexcept {
    (::new (static_cast<void*>(promise)) Promise<void>())->next_.argument = this;
    return true;
  }
};
constinit MovedFromFrame moved_from_frame{&MovedFromFrame::nothing, &MovedFromFrame::nothing, {}};
[[maybe_unused]] static const bool taken = moved_from_frame.take();

void PromiseBase::rethrow(std::exception_ptr& exception) {
  std::rethrow_exception(std::move(exception));
}

void PromiseBase::missing_result(bool done) {
  if (done) throw MissingResult();
  fatal("the result of a Task was taken before the task had ended: co_await the task");
}

const char* MissingResult::what() const noexcept {
  return "a coroutine ended without co_return of its result";
}

void awaited_again(std::coroutine_handle<> task) noexcept {
  if (task.address() == &moved_from_frame) value_gone();
  if (task.done()) fatal("a Task was awaited twice: it has ended, and a task runs once");
  fatal("a Task was awaited twice: it runs already, started or awaited by another coroutine");
}

void value_gone() noexcept {
  fatal("a Task was awaited that was moved from before, or that has given its result away");
}

}  // namespace weft::coro
