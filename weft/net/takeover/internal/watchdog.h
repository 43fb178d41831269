#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/base/time.h"
#include "weft/net/takeover/internal/system_thread.h"

namespace weft::net::internal {

class TakeOver;

/// The process's threads that take loops over. One of them is on watch: when it finds a loop in the
/// same UserCode for longer than its bound, it takes that loop and runs it, and another is on
/// watch. Those who have nothing to do sleep, and end after a while; while no loop runs handlers,
/// the one on watch sleeps as well.
///
/// While a slow handler is out, the watch is kept on that handler's core. A thread that waits for
/// the core has it when the system chooses anew: at its own wake-up, if it has had less than its
/// share by then, else at the next tick of the scheduler (1 to 10 ms). Each look of the watch, on
/// that core, is such a choice. The thread that runs the loop is elsewhere (TakeOver::take()): of
/// two that wait for one core, a look would only see to the first.
class Watchdog {
 public:
  /// Made when first needed, and never destroyed; a child of fork() gets its own.
  static Watchdog& instance();

  void add(std::shared_ptr<TakeOver> loop);
  /// Before `loop` ends; nobody runs it any more.
  void remove(const std::shared_ptr<TakeOver>& loop) noexcept;

  /// For a loop that begins a UserCode.
  static void wake_if_asleep() noexcept {
    if (asleep_.load(std::memory_order_relaxed)) [[unlikely]]
      wake();
  }

 private:
  struct Watched {
    std::shared_ptr<TakeOver> loop;
    std::uint64_t window;
    TimePoint since;  // this window has been seen
  };
  /// One of the threads.
  struct Worker : ListNode {
    // Shared with who wakes it, without the lock: it may end before that one is done.
    std::shared_ptr<std::condition_variable> relieve = std::make_shared<std::condition_variable>();
    bool called = false;  // to be on watch
    CoreStay stay{this_thread().number};
  };
  using Lock = std::unique_lock<std::mutex>;

  Watchdog() = default;
  static void wake() noexcept;
  void start_thread() noexcept;
  void serve() noexcept;
  bool wait_for_work(Lock& lock, Worker& self) noexcept;
  std::shared_ptr<TakeOver> watch(Lock& lock, Worker& self) noexcept;
  std::shared_ptr<TakeOver> look(TimePoint now, CoreStay& stay) noexcept;
  bool look_at(Watched& watched, TimePoint now, CoreStay& stay) noexcept;
  std::optional<std::uint32_t> slow_core() noexcept;
  void rest(Lock& lock, Worker& self) noexcept;
  void sleep(Lock& lock) noexcept;
  void relieve(Lock lock) noexcept;

  inline static std::atomic<bool> asleep_{false};

  std::mutex mutex_;
  std::condition_variable tick_;  // the thread on watch
  std::vector<Watched> loops_;
  std::size_t threads_ = 0;
  IntrusiveList<Worker> idle_;  // of those, neither on watch nor running a loop
  bool on_watch_ = false;
  bool woken_ = false;
  Duration next_look_{};     // from the last look
  TimePoint last_change_{};  // when a loop was last seen to have done something
  TimePoint last_slow_{};    // when a loop was last taken
};

}  // namespace weft::net::internal
