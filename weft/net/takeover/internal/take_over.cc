#include "weft/net/takeover/internal/take_over.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sys/socket.h>

#include "weft/net/takeover/internal/time_slice.h"
#include "weft/net/takeover/internal/watchdog.h"

namespace weft::net::internal {
namespace {

// A runner that is not asleep gives way within a turn, a few microseconds as a rule; to sleep and
// be woken takes longer.
constexpr int kSpins = 500;
// Far beyond the bounds that the watchdog keeps to.
constexpr auto kPatience = std::chrono::milliseconds(20);

/// Where the system has taken in what came last on `socket` (SO_INCOMING_CPU, socket(7)): on the
/// network card's core for it, or, from the same machine, where the peer ran when it sent. None for
/// other descriptors.
std::optional<std::uint32_t> arrival_core(int socket) noexcept {
  int core = -1;
  socklen_t size = sizeof core;
  if (::getsockopt(socket, SOL_SOCKET, SO_INCOMING_CPU, &core, &size) != 0) return std::nullopt;
  return core >= 0 ? std::optional(static_cast<std::uint32_t>(core)) : std::nullopt;
}

}  // namespace

TakeOver::TakeOver(AsioLoop& loop, const LoopOptions& options) : loop_(loop), options_(options) {
  yielding_.reserve(options.max_slow_handlers);
}

std::shared_ptr<TakeOver> TakeOver::watch(AsioLoop& loop, const LoopOptions& options) {
  auto made = std::make_shared<TakeOver>(loop, options);
  Watchdog::instance().add(made);
  return made;
}

void TakeOver::forget(const std::shared_ptr<TakeOver>& loop) noexcept {
  Watchdog::instance().remove(loop);
}

void TakeOver::user_code_begins() noexcept { Watchdog::wake_if_asleep(); }

void TakeOver::begin() noexcept {
  const std::lock_guard lock(mutex_);
  runner_ = this_thread();
}

/// The thread of a slow handler makes room for others that wake on its core, the loop's new thread
/// and whoever waits for its answers.
bool TakeOver::yield_core(const SystemThread& thread) noexcept {
  if (yielding_.size() == yielding_.capacity()) return false;
  const Duration before = change_slice(thread.number, kPatientSlice);
  if (before == Duration::zero()) return false;
  yielding_.push_back({thread, before});
  yields_.store(true, std::memory_order_relaxed);
  return true;
}

/// For the loop's new thread: it takes the core on which the loop's peers are heard, because that
/// is where they, or the network's interrupts, wake the loop; and the slow thread, if it is there,
/// gets the core that the new one leaves, which had time for it. In this order: the slow thread is
/// interrupted by then, and goes at once (record 15).
void TakeOver::change_places(const SystemThread& slow, CoreStay& taker) noexcept {
  const auto there = slow.core();
  const auto here = this_thread().core();
  if (!there || !here || there == here || there != arrival_core(loop_.last_active_)) return;
  if (!slow.may_run_on(*here)) return;
  taker.keep_to(there);
  slow.go_to(*here);
}

/// For a thread that is out, which is to be the runner again.
void TakeOver::end_yielding() noexcept {
  const auto mine = [self = this_thread().number](const Yielding& one) {
    return one.thread.number == self;
  };
  const auto found = std::find_if(yielding_.begin(), yielding_.end(), mine);
  if (found == yielding_.end()) return;
  change_slice(found->thread.number, found->slice);
  yielding_.erase(found);
  yields_.store(!yielding_.empty(), std::memory_order_relaxed);
}

/// Returns with the lock, when `waiting` has been granted or after a while.
bool TakeOver::wait_a_while(std::unique_lock<std::mutex>& lock, Waiting& waiting) noexcept {
  lock.unlock();
  for (int i = 0; i < kSpins && !waiting.granted.load(std::memory_order_acquire); ++i) {
    pause_briefly();
  }
  // With the lock in any case: who grants holds it for as long as it touches `waiting`.
  lock.lock();
  return waiting.changed.wait_for(lock, kPatience,
                                  [&] { return waiting.granted.load(std::memory_order_relaxed); });
}

void TakeOver::wait(std::unique_lock<std::mutex>& lock, Waiting& waiting) noexcept {
  while (!wait_a_while(lock, waiting)) {
  }
}

void TakeOver::update_wanted() noexcept {
  wanted_.store(base_ != nullptr || !waiting_.empty(), std::memory_order_relaxed);
}

void TakeOver::grant(Waiting& waiting) noexcept {
  update_wanted();
  runner_ = waiting.thread;
  waiting.granted.store(true, std::memory_order_release);
  waiting.changed.notify_one();
}

void TakeOver::grant_first() noexcept {
  --out_;
  grant(*waiting_.pop_front());
}

void TakeOver::let_others_run() noexcept {
  std::unique_lock lock(mutex_);
  if (waiting_.empty()) return;
  Waiting self;
  base_ = &self;
  grant_first();
  wait(lock, self);
}

void TakeOver::wait_for_all() noexcept {
  std::unique_lock lock(mutex_);
  while (out_ != 0) {
    asked_.wait(lock, [this] { return !waiting_.empty(); });
    Waiting self;
    base_ = &self;
    grant_first();
    wait(lock, self);
  }
}

void TakeOver::rejoin() noexcept {
  Waiting self;
  std::unique_lock lock(mutex_);
  end_yielding();
  waiting_.push_back(self);
  update_wanted();
  asked_.notify_one();
  // The runner may be asleep in the system's wait for events.
  loop_.poller().wake();
  std::uint64_t before = 0;
  while (!wait_a_while(lock, self)) {
    // The runner may be in a UserCode that waits for this thread, with nobody left to take over.
    const std::uint64_t seen = window();
    if (seen % 2 != 0 && seen == std::exchange(before, seen) && move_on(seen)) {
      self.unlink();
      update_wanted();
      runner_ = self.thread;
      return;
    }
  }
}

/// Makes the calling thread the runner instead of the one in the UserCode of `window`.
bool TakeOver::move_on(std::uint64_t window) noexcept {
  return loop_.window_.compare_exchange_strong(window, window + 1, std::memory_order_acq_rel,
                                               std::memory_order_relaxed);
}

TakeOver::Taken TakeOver::take(std::uint64_t window, CoreStay& taker) noexcept {
  const std::lock_guard lock(mutex_);
  // Who waits for the loop is out already, so there are no more of them then.
  if (waiting_.empty() && out_ >= options_.max_slow_handlers) return Taken::No;
  if (!move_on(window)) return Taken::No;
  ++out_;
  const SystemThread slow = runner_;
  const bool yields = yield_core(slow);
  if (waiting_.empty()) {
    runner_ = this_thread();
    if (yields) change_places(slow, taker);
    return Taken::Mine;
  }
  grant_first();
  return Taken::Given;
}

std::optional<std::uint32_t> TakeOver::slow_core() noexcept {
  if (!yields_.load(std::memory_order_relaxed)) return std::nullopt;
  // With the lock the thread stays out, and so exists.
  const std::lock_guard lock(mutex_);
  return yielding_.empty() ? std::nullopt : yielding_.back().thread.core();
}

/// For a runner that is not the base, between two turns: true when it is the runner no more.
bool TakeOver::hand_over(bool stopped) noexcept {
  std::unique_lock lock(mutex_);
  // Nothing more will happen on a loop that was stopped, but that those who are out come back.
  if (stopped) {
    asked_.wait(lock, [this] { return wanted_.load(std::memory_order_relaxed); });
  }
  if (!waiting_.empty()) {
    grant_first();
    return true;
  }
  if (base_ == nullptr) return false;
  grant(*std::exchange(base_, nullptr));
  return true;
}

void TakeOver::run() noexcept {
  Executor* const outer = std::exchange(AsioLoop::current_, &loop_);
  loop_.set_handler(nullptr);  // until its thread has the loop back
  loop_.go_on_with_turn();
  bool stopped = false;
  while (!((stopped || wanted_.load(std::memory_order_relaxed)) && hand_over(stopped))) {
    stopped = !loop_.take_turn();
  }
  AsioLoop::current_ = outer;
}

}  // namespace weft::net::internal
