#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "weft/net/loop/loop.h"
#include "weft/net/loop/loop_options.h"
#include "weft/net/loop/run_blocking.h"  // IWYU pragma: export

namespace weft::net {

class Latch;

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
  /// Stops the loop and waits until its thread has ended, for `limit` at most. False where it has
  /// not, because something on the loop blocks: then the thread and the loop are left to themselves
  /// until the program ends, and this object is rid of them.
  bool end(Duration limit);

 private:
  std::unique_ptr<Loop> loop_;
  std::shared_ptr<Latch> ended_;
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

}  // namespace weft::net
