#include "weft/net/loop/internal/hold_watch.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include <pthread.h>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/net/loop/loop.h"

namespace weft::net::internal {
namespace {

constexpr Duration kLimit = std::chrono::seconds(1);
constexpr Duration kInterval = std::chrono::milliseconds(500);

constinit std::atomic<HoldWatch*> the_watch{nullptr};
constinit NeverDestroyed<ForkMutex> making;

[[maybe_unused]] const bool forgotten_in_children =
    call_in_forked_child([]() noexcept { the_watch = nullptr; });

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

}  // namespace

HoldWatch& HoldWatch::instance() {
  if (HoldWatch* const there = the_watch.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(making.object);
  if (HoldWatch* const there = the_watch.load(std::memory_order_relaxed)) return *there;
  auto* const made = new HoldWatch(kLimit, kInterval);
  the_watch.store(made, std::memory_order_release);
  return *made;
}

HoldWatch::~HoldWatch() {
  std::unique_lock lock(mutex_);
  changed_.notify_all();
  changed_.wait(lock, [this] { return !serving_; });
}

void HoldWatch::add(Loop& loop) {
  std::unique_lock lock(mutex_);
  loops_.push_back({&loop, 0, now()});
  if (serving_) return;
  try {
    std::thread thread([this] { serve(); });
    pthread_setname_np(thread.native_handle(), "weft-holds");
    thread.detach();
    serving_ = true;
    last_look_ = now();
  } catch (const std::exception& error) {
    lock.unlock();
    log(LogLevel::Warn,
        std::string("no thread to see what holds the loops up: ").append(error.what()));
  }
}

void HoldWatch::remove(const Loop& loop) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(loops_, [&](const Watched& watched) { return watched.loop == &loop; });
  if (loops_.empty()) changed_.notify_all();
}

void HoldWatch::serve() noexcept {
  std::unique_lock lock(mutex_);
  while (!loops_.empty()) {
    const Lines lines = look(now());
    if (!lines.empty()) {
      lock.unlock();
      for (const std::string& line : lines) log(LogLevel::Warn, line);
      lock.lock();
    }
    changed_.wait_for(lock, interval_, [this] { return loops_.empty(); });
  }
  serving_ = false;
  changed_.notify_all();
}

HoldWatch::Lines HoldWatch::look(TimePoint now) noexcept {
  Lines lines;
  // After the process, or the machine, has stood still, nothing is known of what went on meanwhile.
  const bool stood_still = now - last_look_ > 2 * interval_;
  last_look_ = now;
  for (Watched& watched : loops_) {
    const std::uint64_t item = watched.loop->items_.load(std::memory_order_relaxed);
    if (item != watched.item || item % 2 == 0 || stood_still) {
      watched.item = item;
      watched.since = now;
    } else if (now - watched.since >= limit_) {
      report(*watched.loop, lines);
    }
  }
  return lines;
}

void HoldWatch::report(const Loop& loop, Lines& lines) noexcept {
  try {
    // Asked for once: the loop goes on meanwhile.
    const std::string work = loop.describe_work();
    if (!reported_.insert(work).second) return;
    // Only the beginning of a handler is bounded by that option, and only that has a name here.
    const std::string bound = work.starts_with('/') ? ", or set ServerOptions::handler_bound" : "";
    lines.push_back(work + " has held the thread of its loop for more than " + to_string(limit_) +
                    ", which delays every other call on that loop: co_await what it waits for, or "
                    "offload() what blocks" +
                    bound + " (docs/guide/slow-handlers.md)");
  } catch (const std::exception&) {
    // No memory for the line: there is no other way to say so.
  }
}

}  // namespace weft::net::internal
