#pragma once

#include <coroutine>
#include <utility>

#include "weft/coro/task.h"

namespace weft::transaction::internal {

/// Awaits a task that it owns: what `operator co_await` of a step or a question gives.
template <class T>
class AwaitedTask {
 public:
  explicit AwaitedTask(Task<T> task) : task_(std::move(task)), awaiter_(task_) {}
  AwaitedTask(const AwaitedTask&) = delete;
  AwaitedTask& operator=(const AwaitedTask&) = delete;
  bool await_ready() const noexcept { return awaiter_.await_ready(); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return awaiter_.await_suspend(handle);
  }
  T await_resume() { return awaiter_.await_resume(); }

 private:
  Task<T> task_;
  typename Task<T>::Awaiter awaiter_;
};

}  // namespace weft::transaction::internal
