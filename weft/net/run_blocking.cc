#include "weft/net/run_blocking.h"

#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>

#include "weft/base/log.h"
#include "weft/net/loop.h"

namespace weft::net::internal {
namespace {

void refuse_to_block(const Loop& loop) noexcept {
  if (loop.anchor()->is_parents()) {
    log(LogLevel::Error,
        "run_blocking was called in a child of fork() for a loop that the parent runs: nothing "
        "would ever happen there. What lives on that loop, as an open stream, stays the parent's; "
        "make a new call, or start the loop after fork()");
    std::abort();
  }
  // Blocking for another loop is the user's code, and goes on being taken for that.
  if (Loop::identity() != &loop) return;
  log(LogLevel::Error,
      "run_blocking was called on the thread of the loop that is to run the task; it would wait "
      "for itself. co_await the task instead");
  std::abort();
}

/// What the waiting thread and the loop's share, on the stack of the former.
class Run {
 public:
  explicit Run(BlockingTask& task) noexcept : task_(task) {}

  void start() { task_.start(context_, {.function = &Run::done, .argument = this}); }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return done_; });
    if (exception_) std::rethrow_exception(std::move(exception_));
  }

 private:
  static void done(void* argument) noexcept {
    auto& self = *static_cast<Run*>(argument);
    try {
      self.task_.finish();
    } catch (...) {
      self.exception_ = std::current_exception();
    }
    // Under the lock, since the waiter destroys this object as soon as it sees the flag.
    const std::lock_guard lock(self.mutex_);
    self.done_ = true;
    self.condition_.notify_one();
  }

  BlockingTask& task_;
  Context context_;
  std::exception_ptr exception_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool done_ = false;
};

}  // namespace

void run_and_wait(Loop& loop, BlockingTask& task) {
  refuse_to_block(loop);
  Run run(task);
  loop.post([&run] { run.start(); });
  run.wait();
}

}  // namespace weft::net::internal
