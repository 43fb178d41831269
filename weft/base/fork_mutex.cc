#include "weft/base/fork_mutex.h"

#include <vector>

#include <pthread.h>
#include <sched.h>

namespace weft {
namespace {

constinit std::atomic<std::uint32_t> generation{0};

}  // namespace

/// All mutexes that were ever locked.
///
/// fork() takes them in any order: a thread may hold one of them and wait for another that fork()
/// has. So where one does not become free soon, all are given back before it is tried again.
class ForkRegistry {
 public:
  void add(ForkMutex& mutex) noexcept {
    const std::lock_guard lock(mutex_);
    if (mutex.registered_.load(std::memory_order_relaxed)) return;
    mutex.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &mutex;
    first_ = &mutex;
    mutex.registered_.store(true, std::memory_order_release);
  }
  void remove(ForkMutex& mutex) noexcept {
    const std::lock_guard lock(mutex_);
    (mutex.previous_ != nullptr ? mutex.previous_->next_ : first_) = mutex.next_;
    if (mutex.next_ != nullptr) mutex.next_->previous_ = mutex.previous_;
  }
  void add_call(void (*function)() noexcept) {
    const std::lock_guard lock(mutex_);
    calls_->push_back(function);
  }

  void before_fork() noexcept {
    while (!take_all()) ::sched_yield();
  }
  void after_fork() noexcept { give_back(); }
  void in_child() noexcept {
    generation.fetch_add(1, std::memory_order_relaxed);
    give_back();
    for (void (*function)() noexcept : *calls_) function();
  }

 private:
  bool take_all() noexcept {
    mutex_.lock();
    for (ForkMutex* each = first_; each != nullptr; each = each->next_) {
      if (take(*each)) continue;
      give_back();
      return false;
    }
    return true;
  }
  static bool take(ForkMutex& mutex) noexcept {
    // It is this thread's for as long as it forks.
    if (mutex.owner_.load(std::memory_order_relaxed) == ForkMutex::this_thread()) return true;
    // Most are held for well under a microsecond.
    constexpr int kTries = 200;
    for (int i = 0; i < kTries && !mutex.taken_; ++i) {
      mutex.taken_ = mutex.mutex_.try_lock();
      if (!mutex.taken_) ::sched_yield();
    }
    return mutex.taken_;
  }
  void give_back() noexcept {
    for (ForkMutex* each = first_; each != nullptr; each = each->next_) {
      if (!each->taken_) continue;
      each->taken_ = false;
      each->mutex_.unlock();
    }
    mutex_.unlock();
  }

  std::mutex mutex_;
  ForkMutex* first_ = nullptr;
  // Made before main(), and never destroyed.
  std::vector<void (*)() noexcept>* const calls_ = new std::vector<void (*)() noexcept>();
};

namespace {

ForkRegistry& registry() {
  static ForkRegistry& the_registry = *new ForkRegistry();
  return the_registry;
}

/// Before main(), so that no fork() is missed.
[[maybe_unused]] const bool installed =
    (static_cast<void>(registry()),
     pthread_atfork([] { registry().before_fork(); }, [] { registry().after_fork(); },
                    [] { registry().in_child(); }) == 0);

}  // namespace

const void* ForkMutex::this_thread() noexcept {
  static thread_local const char here = 0;
  return &here;
}

void ForkMutex::enter() noexcept { registry().add(*this); }
void ForkMutex::leave() noexcept { registry().remove(*this); }

bool call_in_forked_child(void (*function)() noexcept) {
  registry().add_call(function);
  return true;
}

std::uint32_t fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

}  // namespace weft
