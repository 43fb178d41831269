#include "weft/net/offload.h"

#include <atomic>
#include <string>
#include <system_error>

#include <pthread.h>

#include "weft/base/fatal.h"
#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"

namespace weft::net {

namespace {

// Never destroyed: blocking work must not hold up the end of the process.
constinit std::atomic<BlockingPool*> default_pool{nullptr};
constinit NeverDestroyed<ForkMutex> making;

/// A child of fork() has none of its parent's threads, and nobody would come for its work.
[[maybe_unused]] const bool forgotten_in_children =
    call_in_forked_child([]() noexcept { default_pool = nullptr; });

}  // namespace

BlockingPool::BlockingPool() : BlockingPool(Options{}) {}

BlockingPool::BlockingPool(const Options& options) : options_(options) {}

BlockingPool::~BlockingPool() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  wake_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

void BlockingPool::run(UniqueFunction<void()> work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  if (queue_.size() <= idle_) {
    wake_.notify_one();
    return;
  }
  if (threads_ >= options_.max_threads) return;
  try {
    std::thread([this] { serve(); }).detach();
    ++threads_;
  } catch (const std::system_error& error) {
    // With no thread at all nobody would ever come for the work.
    if (threads_ == 0) throw;
    log(LogLevel::Warn, std::string("no further thread for blocking work: ") + error.what());
  }
}

std::size_t BlockingPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_;
}

std::size_t BlockingPool::idle_threads() const {
  const std::lock_guard lock(mutex_);
  return idle_;
}

bool BlockingPool::next(std::unique_lock<std::mutex>& lock) {
  ++idle_;
  const bool woken =
      wake_.wait_for(lock, options_.idle, [this] { return !queue_.empty() || closing_; });
  --idle_;
  return woken && !queue_.empty();
}

void BlockingPool::serve() {
  pthread_setname_np(pthread_self(), "weft-blocking");
  std::unique_lock lock(mutex_);
  while (!queue_.empty() || next(lock)) {
    UniqueFunction<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
  }
  --threads_;
  // Under the lock, since the destructor frees this as soon as it sees no thread.
  ended_.notify_all();
}

BlockingPool& default_blocking_pool() {
  if (BlockingPool* const there = default_pool.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(making.object);
  if (default_pool.load(std::memory_order_relaxed) == nullptr) {
    default_pool.store(new BlockingPool(), std::memory_order_release);
  }
  return *default_pool.load(std::memory_order_relaxed);
}

void internal::refuse_to_offload() noexcept {
  fatal("offload() was awaited on a thread that runs no loop");
}

}  // namespace weft::net
