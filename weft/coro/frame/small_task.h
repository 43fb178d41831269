#pragma once

#include <coroutine>
#include <utility>

#include "weft/coro/task.h"

namespace weft::coro {

/// A Task of the size of a pointer, to be kept while a call is pending. A Task also has room for a
/// value that was there from the beginning; here such a value gets a coroutine.
template <class T>
class SmallTask {
 public:
  SmallTask() noexcept = default;
  explicit SmallTask(Task<T> task) {
    if (!task.handle_) {
      task = value_coroutine(task.take());
      task.handle_.resume();
    }
    handle_ = std::exchange(task.handle_, nullptr);
  }
  SmallTask(SmallTask&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  SmallTask& operator=(SmallTask&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~SmallTask() {
    if (handle_) handle_.destroy();
  }

  /// As Task::start_at_top(); this may be moved all the same.
  void start_at_top(Context* context, DoneCallback done) {
    if (handle_.done()) return done.function(done.argument);
    Promise<T>& promise = handle_.promise();
    if (promise.context_ == nullptr) promise.context_ = context;
    promise.next_ = done;
    handle_.resume();
  }
  /// As Task::result().
  T& result() { return handle_.promise().value(); }

 private:
  static Task<T> value_coroutine(T value) { co_return value; }

  std::coroutine_handle<Promise<T>> handle_;
};

}  // namespace weft::coro
