#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/coro/context.h"
#include "weft/coro/task.h"

namespace weft::net {

class Loop;

namespace internal {

/// A task of any result that a loop runs for a waiting thread. Started, ended and freed on the
/// loop's thread.
class BlockingTask {
 public:
  virtual void start(Context& context, coro::DoneCallback done) = 0;
  /// Takes the result and frees the frame, for what that holds may belong to the loop's thread.
  /// Throws what the task threw.
  virtual void finish() = 0;

 protected:
  ~BlockingTask() = default;
};

/// Runs `task` on `loop` and waits for its end; rethrows what it throws. Aborts with a clear text
/// on the loop's own thread.
void run_and_wait(Loop& loop, BlockingTask& task, std::string_view of);

template <class T>
class BlockingTaskOf final : public BlockingTask {
 public:
  explicit BlockingTaskOf(Task<T>&& task) : task_(std::move(task)) {}

  void start(Context& context, coro::DoneCallback done) override { task_.start(&context, done); }
  void finish() override {
    Task<T> task = std::move(task_);
    if constexpr (std::is_void_v<T>) {
      task.take();
    } else {
      result_.emplace(task.take());
    }
  }
  T result() {
    if constexpr (!std::is_void_v<T>) return *std::move(result_);
  }

 private:
  Task<T> task_;
  std::optional<std::conditional_t<std::is_void_v<T>, char, T>> result_;
};

}  // namespace internal

/// Runs `task` on `loop` and waits for its result, from a plain thread; rethrows what the task
/// throws. The loop must be running on another thread. On the loop's own thread this aborts with a
/// message, since it would wait for itself forever: there, `co_await` the task. Likewise in a child
/// of fork(), for a loop that the parent runs.
///
/// On the thread of another loop this blocks all calls of that loop: that is logged, once for each
/// handler and `of`, the path of the called method, up to 100 of these. In a handler that has not
/// awaited anything yet the task inherits what its call has left of its deadline, and its
/// cancellation.
template <class T>
T run_blocking(Loop& loop, Task<T> task, std::string_view of = {}) {
  internal::BlockingTaskOf<T> run(std::move(task));
  internal::run_and_wait(loop, run, of);
  return run.result();
}

}  // namespace weft::net
