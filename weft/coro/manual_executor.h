#pragma once

#include <atomic>
#include <cassert>
#include <mutex>
#include <utility>

#include "weft/base/time.h"
#include "weft/coro/executor.h"
#include "weft/coro/task.h"

namespace weft {

/// An Executor for unit tests: nothing runs until run() is called, and the test sets its clock.
/// While it exists it is the current executor of the thread that made it; such executors may nest.
class ManualExecutor final : public Executor {
 public:
  ManualExecutor() noexcept : outer_(std::exchange(current_, this)) {}
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;
  ~ManualExecutor() override {
    assert(current_ == this);
    current_ = outer_;
  }

  void ready(Runnable& item) noexcept override { ready_.push(item); }
  void post(Runnable& item) noexcept override;

  /// Begins at one hour, so that a test may subtract from it. The clock has no timers: a coroutine
  /// that sleeps needs a loop.
  TimePoint now() const noexcept override {
    return TimePoint(Duration(now_.load(std::memory_order_relaxed)));
  }
  void advance(Duration duration) noexcept {
    now_.fetch_add(duration.count(), std::memory_order_relaxed);
  }

  /// Runs one item that is ready; false if there is none.
  bool run_one() noexcept;
  /// Runs what is ready and what was posted until nothing is left.
  void run_until_idle() noexcept;

  /// Starts `task` in `context`, runs until idle and gives the result; rethrows what it threw. Ends
  /// the program with a message if the task is still waiting for something then.
  template <class T>
  T run(Task<T> task, Context* context = nullptr) {
    task.start(context, coro::DoneCallback{.function = [](void*) noexcept {}, .argument = nullptr});
    run_until_idle();
    if (!task.done()) still_waiting();
    return task.take();
  }

 private:
  [[noreturn]] static void still_waiting() noexcept;

  Executor* outer_;
  RunnableQueue ready_;
  std::atomic<Duration::rep> now_{Duration(std::chrono::hours(1)).count()};
  std::mutex mutex_;
  RunnableQueue posted_;
};

}  // namespace weft
