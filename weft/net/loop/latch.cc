#include "weft/net/loop/latch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <utility>

#include "weft/net/loop/wait.h"

namespace weft::net {

void Latch::open() {
  std::unique_lock lock(mutex_);
  open_ = true;
  std::vector<UniqueFunction<void()>> waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (UniqueFunction<void()>& wake : waiting) wake();
}

bool Latch::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

void Latch::when_open(UniqueFunction<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return waiting_.push_back(std::move(function));
  }
  function();
}

namespace {

/// A thread that waits; it outlives the thread's wait, whose limit may come first.
struct WaitingThread {
  std::mutex mutex;
  std::condition_variable changed;
  bool opened = false;
};

}  // namespace

bool Latch::wait(Duration limit) {
  const auto waiting = std::make_shared<WaitingThread>();
  when_open([waiting] {
    const std::lock_guard lock(waiting->mutex);
    waiting->opened = true;
    waiting->changed.notify_one();
  });
  std::unique_lock lock(waiting->mutex);
  const auto opened = [&waiting] { return waiting->opened; };
  if (limit != kForever) {
    const TimePoint until = after(std::chrono::steady_clock::now(), limit);
    return waiting->changed.wait_until(lock, until, opened);
  }
  waiting->changed.wait(lock, opened);
  return true;
}

Task<bool> Latch::wait(Loop& loop, Duration limit) {
  Wait wait(loop, after(loop.now(), limit));
  const auto waiting = std::make_shared<Wait*>(&wait);  // touched on the loop's thread
  // Also where the coroutine is destroyed while it waits.
  const std::unique_ptr<Wait*, void (*)(Wait**)> forget(waiting.get(),
                                                        [](Wait** one) { *one = nullptr; });
  when_open([anchor = loop.anchor(), waiting] {
    static_cast<void>(anchor->post([waiting] {
      if (*waiting != nullptr) (*waiting)->complete();
    }));
  });
  static_cast<void>(co_await wait);
  co_return is_open();
}

}  // namespace weft::net
