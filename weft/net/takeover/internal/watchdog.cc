#include "weft/net/takeover/internal/watchdog.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sys/prctl.h>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/net/takeover/internal/take_over.h"
#include "weft/net/takeover/internal/time_slice.h"

namespace weft::net::internal {
namespace {

// As many handlers that block as one process should have; a limit for each loop is in its options.
constexpr std::size_t kMostThreads = 64;
// A thread without work stays for as long, in case there is more.
constexpr auto kIdle = std::chrono::seconds(10);
// Loops that have begun no handler for this long can wake the watch if they do; waking it costs as
// much as some ten looks.
constexpr auto kQuiet = std::chrono::milliseconds(20);
// Slow handlers come in numbers.
constexpr auto kCloseWatch = std::chrono::seconds(1);

constinit std::atomic<Watchdog*> the_watchdog{nullptr};
constinit NeverDestroyed<ForkMutex> making;

[[maybe_unused]] const bool forgotten_in_children =
    call_in_forked_child([]() noexcept { the_watchdog = nullptr; });

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

}  // namespace

Watchdog& Watchdog::instance() {
  if (Watchdog* const there = the_watchdog.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(making.object);
  if (Watchdog* const there = the_watchdog.load(std::memory_order_relaxed)) return *there;
  asleep_.store(false);
  auto* const made = new Watchdog();
  the_watchdog.store(made, std::memory_order_release);
  return *made;
}

void Watchdog::add(std::shared_ptr<TakeOver> loop) {
  const Lock lock(mutex_);
  loops_.push_back({std::move(loop), 0, now()});
  if (threads_ == 0) start_thread();
  woken_ = true;
  tick_.notify_one();
}

void Watchdog::remove(const std::shared_ptr<TakeOver>& loop) noexcept {
  const Lock lock(mutex_);
  std::erase_if(loops_, [&](const Watched& watched) { return watched.loop == loop; });
}

void Watchdog::wake() noexcept {
  Watchdog* const self = the_watchdog.load(std::memory_order_acquire);
  if (self == nullptr) return;
  const Lock lock(self->mutex_);
  asleep_.store(false, std::memory_order_relaxed);
  self->woken_ = true;
  self->tick_.notify_one();
}

/// With the lock. Without a thread, loops are not taken over.
void Watchdog::start_thread() noexcept {
  try {
    std::thread thread([this] { serve(); });
    pthread_setname_np(thread.native_handle(), "weft-watch");
    thread.detach();
    ++threads_;
  } catch (const std::exception& error) {
    log(LogLevel::Warn,
        std::string("no thread to take over from slow handlers: ").append(error.what()));
  }
}

void Watchdog::serve() noexcept {
  // Looks are to be when they are due, not when it suits the system's batch of timers.
  ::prctl(PR_SET_TIMERSLACK, 1);
  // Nor when the slow handler's thread, on whose core this one may wake, has run for long enough.
  change_slice(0, kPromptSlice);
  Worker self;
  Lock lock(mutex_);
  do {
    while (!on_watch_) {
      on_watch_ = true;
      std::shared_ptr<TakeOver> taken = watch(lock, self);
      on_watch_ = false;
      relieve(std::move(lock));
      taken->run();
      taken.reset();
      lock = Lock(mutex_);
    }
  } while (wait_for_work(lock, self));
  --threads_;
}

/// False when there has been none for long, and another thread is in reserve.
bool Watchdog::wait_for_work(Lock& lock, Worker& self) noexcept {
  // Who was there last is the warmest.
  idle_.push_front(self);
  const bool called = self.relieve->wait_for(lock, kIdle, [&] { return self.called; });
  self.unlink();
  self.called = false;
  // It may have been called to a core, and another thread may have come first.
  if (on_watch_) self.stay.keep_to(std::nullopt);
  return called || idle_.empty();
}

/// Has another thread keep watch, while this one runs a loop.
void Watchdog::relieve(Lock lock) noexcept {
  if (Worker* const next = idle_.pop_front(); next != nullptr) {
    // Woken there, it is sure to interrupt the slow handler; one that moves there by itself has
    // used up some of its share.
    next->stay.keep_to(slow_core());
    next->called = true;
    const auto wake = next->relieve;
    // It must not interrupt this thread for a lock that this thread holds: where the slow handler
    // is on the same core, neither might run before the next tick.
    lock.unlock();
    wake->notify_one();
  } else if (threads_ < kMostThreads) {
    start_thread();
  }
}

/// Looks at the loops, again and again, until it has taken one.
std::shared_ptr<TakeOver> Watchdog::watch(Lock& lock, Worker& self) noexcept {
  // One more in reserve, so that no thread has to be made while a loop waits for one.
  if (idle_.empty() && threads_ < kMostThreads) {
    self.stay.keep_to(std::nullopt);  // which it would inherit
    start_thread();
  }
  while (true) {
    std::shared_ptr<TakeOver> taken = look(now(), self.stay);
    self.stay.keep_to(taken == nullptr ? slow_core() : std::nullopt);
    if (taken != nullptr) return taken;
    rest(lock, self);
  }
}

/// Of the first loop that has one.
std::optional<std::uint32_t> Watchdog::slow_core() noexcept {
  for (const Watched& watched : loops_) {
    if (const auto core = watched.loop->slow_core()) return core;
  }
  return std::nullopt;
}

std::shared_ptr<TakeOver> Watchdog::look(TimePoint now, CoreStay& stay) noexcept {
  const bool closely = last_slow_ != TimePoint{} && now - last_slow_ < kCloseWatch;
  next_look_ = std::chrono::hours(1);
  for (Watched& watched : loops_) {
    const TakeOver& loop = *watched.loop;
    next_look_ = std::min(next_look_, closely ? loop.close_interval() : loop.interval());
    if (look_at(watched, now, stay)) return watched.loop;
  }
  return nullptr;
}

/// Whether this thread has to run the loop.
bool Watchdog::look_at(Watched& watched, TimePoint now, CoreStay& stay) noexcept {
  TakeOver& loop = *watched.loop;
  const std::uint64_t window = loop.window();
  if (window != watched.window) {
    watched.window = window;
    watched.since = last_change_ = now;
  }
  if (window % 2 == 0) return false;
  last_change_ = now;
  const Duration so_far = now - watched.since;
  if (so_far < loop.bound()) {
    next_look_ = std::min(next_look_, loop.bound() - so_far);
    return false;
  }
  const TakeOver::Taken taken = loop.take(window, stay);
  if (taken == TakeOver::Taken::No) return false;
  last_slow_ = now;
  return taken == TakeOver::Taken::Mine;
}

void Watchdog::rest(Lock& lock, Worker& self) noexcept {
  if (now() - last_change_ <= kQuiet) {
    tick_.wait_for(lock, next_look_);
    return;
  }
  self.stay.keep_to(std::nullopt);
  sleep(lock);
}

/// Until a loop begins a handler. A loop that has just done so may not have seen that the watch is
/// asleep, and its window may not have been seen by the last look; an interval later it is.
void Watchdog::sleep(Lock& lock) noexcept {
  if (!asleep_.exchange(true, std::memory_order_seq_cst)) {
    tick_.wait_for(lock, next_look_);
    return;
  }
  tick_.wait(lock, [this] { return woken_; });
  woken_ = false;
  asleep_.store(false, std::memory_order_relaxed);
  last_change_ = now();
}

}  // namespace weft::net::internal
