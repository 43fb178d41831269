#include "weft/net/loop/offload.h"

#include <exception>
#include <string>

#include <pthread.h>
#include <unistd.h>

#include "weft/base/fatal.h"
#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"

namespace weft::net {

namespace {

constinit NeverDestroyed<ForkMutex> making;
constinit ProcessPool default_pool([]() noexcept { return BlockingPool::Options(); });

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
  wake_or_start();
}

void BlockingPool::run_next(UniqueFunction<void()> work) {
  const std::lock_guard lock(mutex_);
  queue_.push_front(std::move(work));
  wake_or_start();
}

/// A thread for what was queued, with mutex_ held.
void BlockingPool::wake_or_start() {
  if (queue_.size() <= idle_) {
    wake_.notify_one();
    return;
  }
  if (threads_ >= options_.max_threads) return;
  try {
    std::thread([this] { serve(); }).detach();
    ++threads_;
  } catch (const std::exception& error) {
    // With no thread at all nobody would ever come for the work, which is all that is queued then.
    if (threads_ == 0) {
      queue_.clear();
      throw;
    }
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
  pthread_setname_np(pthread_self(), options_.thread_name);
  // With Linux a thread has a niceness of its own, and this adds to it.
  if (options_.nice != 0) static_cast<void>(::nice(options_.nice));
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

BlockingPool& ProcessPool::get() {
  // What a parent made is left as it is: its threads are not here, and one may have held its lock.
  const std::uint32_t here = fork_generation() + 1;
  if (generation_.load(std::memory_order_acquire) == here) {
    return *pool_.load(std::memory_order_relaxed);
  }
  const std::lock_guard lock(making.object);
  if (generation_.load(std::memory_order_relaxed) != here) {
    pool_.store(new BlockingPool(options_()), std::memory_order_relaxed);
    generation_.store(here, std::memory_order_release);
  }
  return *pool_.load(std::memory_order_relaxed);
}

BlockingPool& default_blocking_pool() { return default_pool.get(); }

void internal::refuse_to_offload() noexcept {
  fatal("offload() was awaited on a thread that runs no loop");
}

}  // namespace weft::net
