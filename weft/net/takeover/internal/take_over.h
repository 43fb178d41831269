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
#include "weft/net/loop/asio_loop.h"
#include "weft/net/takeover/internal/system_thread.h"

namespace weft::net::internal {

/// Decides which thread runs an AsioLoop whose handlers may be slow (ADR 6). AsioLoop knows of this
/// folder only TakeOver. Behind it: Watchdog has the threads that look and take loops over;
/// SystemThread, CoreStay and change_slice() ask the system's scheduler.
///
/// One thread at a time is the loop's *runner*; it alone touches what is the loop's. The *base* is
/// the thread in AsioLoop::run(). A thread's states, for one loop:
///
///                take(): its UserCode exceeds the bound
///     runner ──────────────────────────────────────────────▶ out
///       ▲  ▲                                                  │ rejoin(): its UserCode is over
///       │  └────────── granted, between two turns ──────── waiting
///       │
///       │ granted when no other thread waits                  Watchdog's threads:
///      base that has given way  ◀── let_others_run()          idle ─▶ on watch ─▶ runner ─▶ idle
///
/// Waiting threads are granted the loop in the order in which they ask. One take-over in time:
///
///     base:   run ── turn ─ UserCode ·········· rejoin ─ rest of the turn ── turn ── ...
///     spare:                     └ take ─ rest of the turn ── turn ── grant ┘
///
/// Threads change cores on two occasions, and ADR 24 says what that pays: the one on watch keeps to
/// the core of a slow handler (ADR 12), and a new runner changes places with a slow handler that is
/// on the core where the loop's peers are heard (ADR 15).
///
/// Shared by the loop and the threads that run it, so that the last to leave need not be the
/// loop's.
class TakeOver {
 public:
  TakeOver(AsioLoop& loop, const LoopOptions& options);
  /// For `loop`, watched from now on until forget().
  static std::shared_ptr<TakeOver> watch(AsioLoop& loop, const LoopOptions& options);
  /// Before `loop`'s loop ends; no thread runs it any more.
  static void forget(const std::shared_ptr<TakeOver>& loop) noexcept;
  /// A loop begins a UserCode: the watch must not be asleep.
  static void user_code_begins() noexcept;
  TakeOver(const TakeOver&) = delete;
  TakeOver& operator=(const TakeOver&) = delete;

  // For the base, which is the runner when it calls and when they return.

  /// It begins to run the loop.
  void begin() noexcept;
  /// Lets others finish their turns, if there are any who want to.
  void give_way() noexcept {
    if (wanted_.load(std::memory_order_relaxed)) [[unlikely]]
      let_others_run();
  }
  /// When the loop has been stopped: returns when nobody is out.
  void wait_for_all() noexcept;

  /// For a thread that is out: returns when it is the runner.
  void rejoin() noexcept;

  // For the watchdog, while the loop exists.

  /// Odd while the runner is in a UserCode.
  std::uint64_t window() const noexcept { return loop_.window_.load(std::memory_order_relaxed); }
  Duration bound() const noexcept { return options_.handler_bound; }
  Duration interval() const noexcept { return options_.watch_interval; }
  Duration close_interval() const noexcept { return options_.close_watch_interval; }
  /// What came of an attempt to take the loop from the UserCode that `window` stands for.
  enum class Taken : std::uint8_t {
    No,    ///< it is over, or too many are out
    Mine,  ///< the calling thread is the runner: run() follows
    Given  ///< somebody who waited for the loop has it
  };
  /// `taker` is the calling thread's; what is Mine may have it stay on another core.
  Taken take(std::uint64_t window, CoreStay& taker) noexcept;
  /// That of the thread that went out last, of those that are out and could be given a longer time
  /// slice.
  std::optional<std::uint32_t> slow_core() noexcept;
  /// Runs the loop, from where it was taken, until somebody is granted it.
  void run() noexcept;

 private:
  /// A thread that waits to be the runner.
  struct Waiting : ListNode {
    std::atomic<bool> granted{false};
    std::condition_variable changed;
    const SystemThread thread = this_thread();
  };
  /// A thread that is out, and the time slice it had before.
  struct Yielding {
    SystemThread thread;
    Duration slice;
  };
  void let_others_run() noexcept;
  bool hand_over(bool stopped) noexcept;
  bool wait_a_while(std::unique_lock<std::mutex>& lock, Waiting& waiting) noexcept;
  void wait(std::unique_lock<std::mutex>& lock, Waiting& waiting) noexcept;
  bool move_on(std::uint64_t window) noexcept;
  void grant(Waiting& waiting) noexcept;
  void grant_first() noexcept;
  void update_wanted() noexcept;
  bool yield_core(const SystemThread& thread) noexcept;
  void change_places(const SystemThread& slow, CoreStay& taker) noexcept;
  void end_yielding() noexcept;

  AsioLoop& loop_;
  const LoopOptions options_;
  std::atomic<bool> wanted_{false};  // somebody waits for the runner to give way
  std::mutex mutex_;
  std::condition_variable asked_;    // someone has begun to wait
  IntrusiveList<Waiting> waiting_;   // those who were out, with mutex_
  Waiting* base_ = nullptr;          // the base, where it has given way, with mutex_
  std::size_t out_ = 0;              // with mutex_
  SystemThread runner_;              // with mutex_
  std::vector<Yielding> yielding_;   // with mutex_
  std::atomic<bool> yields_{false};  // whether that has any
};

}  // namespace weft::net::internal
