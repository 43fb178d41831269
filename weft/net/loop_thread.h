#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop.h"
#include "weft/net/loop_options.h"

namespace weft::net {

/// A loop on a thread of its own, from construction to destruction, which stops the loop and joins
/// the thread. What lives on the loop must be gone by then.
class LoopThread {
 public:
  /// `name` is what the system shows for the thread; Linux keeps 15 characters of it.
  explicit LoopThread(const std::string& name = "weft-loop", const LoopOptions& options = {});
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread();

  Loop& loop() noexcept { return *loop_; }

 private:
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

/// Some loops, each on its own thread, and a fair way to choose among them.
class LoopPool {
 public:
  explicit LoopPool(std::size_t size, const std::string& name = "weft-loop",
                    const LoopOptions& options = {});

  std::size_t size() const noexcept { return threads_.size(); }
  Loop& at(std::size_t index) noexcept { return threads_[index]->loop(); }
  /// One after the other; from any thread.
  Loop& next() noexcept {
    return at(next_.fetch_add(1, std::memory_order_relaxed) % threads_.size());
  }

 private:
  std::vector<std::unique_ptr<LoopThread>> threads_;
  std::atomic<std::size_t> next_{0};
};

/// How many threads default_loops() starts; before its first use, else false is returned. 1 unless
/// set.
bool set_default_loop_count(std::size_t count);

/// How the loops of default_loops() run; before its first use, else false is returned.
bool set_default_loop_options(const LoopOptions& options);

/// The process's loops for clients that bring none, started by the first use. They are never
/// stopped: objects that live until the process ends may use them. A child of fork() gets its own.
/// Throws what the system's lack of descriptors or threads makes Asio or std::thread throw.
LoopPool& default_loops();

namespace internal {

/// Where a plain thread waits for what it asked a loop to do.
class Waiting {
 public:
  void signal() noexcept {
    // Under the lock, since the waiter destroys this object as soon as it sees the flag.
    const std::lock_guard lock(mutex_);
    signalled_ = true;
    condition_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return signalled_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool signalled_ = false;
};

/// Aborts with a clear text when called on `loop`'s own thread, which would wait for itself.
void refuse_to_block(const Loop& loop) noexcept;

/// A task that a loop runs for a waiting thread. Started, ended and freed on the loop's thread.
template <class T>
struct BlockingRun {
  explicit BlockingRun(Task<T> given) : task(std::move(given)) {}

  void start() { task->start(&context, {.function = &BlockingRun::finished, .argument = this}); }
  static void finished(void* argument) noexcept {
    auto& self = *static_cast<BlockingRun*>(argument);
    try {
      if constexpr (std::is_void_v<T>) {
        self.task->take();
      } else {
        self.result.emplace(self.task->take());
      }
    } catch (...) {
      self.exception = std::current_exception();
    }
    // The frame goes on the loop's thread: what it holds may belong there.
    self.task.reset();
    self.waiting.signal();
  }

  std::optional<Task<T>> task;
  Context context;
  std::optional<std::conditional_t<std::is_void_v<T>, char, T>> result;
  std::exception_ptr exception;
  Waiting waiting;
};

}  // namespace internal

/// Runs `task` on `loop` and waits for its result, from a plain thread; rethrows what the task
/// throws. The loop must be running on another thread. On the loop's own thread this aborts with a
/// message, since it would wait for itself for ever: there, `co_await` the task.
template <class T>
T run_blocking(Loop& loop, Task<T> task) {
  internal::refuse_to_block(loop);
  internal::BlockingRun<T> run(std::move(task));
  loop.post([&run] { run.start(); });
  run.waiting.wait();
  if (run.exception) std::rethrow_exception(std::move(run.exception));
  if constexpr (!std::is_void_v<T>) return std::move(*run.result);
}

}  // namespace weft::net
