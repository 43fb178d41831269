#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace weft {

/// A mutex for what calls share. fork() waits until no other thread holds one, so a child finds all
/// of them free and what they guard whole; of a std::mutex that another thread holds at that moment
/// a child would wait forever.
///
/// Hold it for a short time, since fork() waits for that, and not while waiting for a thread that
/// may fork. A thread may fork while it holds one itself; the child then holds it too.
class ForkMutex {
 public:
  constexpr ForkMutex() noexcept = default;
  ForkMutex(const ForkMutex&) = delete;
  ForkMutex& operator=(const ForkMutex&) = delete;
  ~ForkMutex() {
    if (registered_.load(std::memory_order_relaxed)) leave();
  }

  void lock() {
    if (!registered_.load(std::memory_order_acquire)) [[unlikely]]
      enter();
    mutex_.lock();
    owner_.store(this_thread(), std::memory_order_relaxed);
  }
  bool try_lock() {
    if (!registered_.load(std::memory_order_acquire)) [[unlikely]]
      enter();
    if (!mutex_.try_lock()) return false;
    owner_.store(this_thread(), std::memory_order_relaxed);
    return true;
  }
  void unlock() noexcept {
    owner_.store(nullptr, std::memory_order_relaxed);
    mutex_.unlock();
  }

 private:
  friend class ForkRegistry;
  static const void* this_thread() noexcept;
  void enter() noexcept;
  void leave() noexcept;

  std::mutex mutex_;
  std::atomic<const void*> owner_{nullptr};
  std::atomic<bool> registered_{false};  // from the first lock() on
  bool taken_ = false;                   // by fork()
  ForkMutex* next_ = nullptr;
  ForkMutex* previous_ = nullptr;
};

/// An object of static storage that is never destroyed, since threads may use it until the process
/// has ended.
template <class T>
union NeverDestroyed {
  constexpr NeverDestroyed() noexcept : object() {}
  ~NeverDestroyed() {}
  T object;
};

/// Calls `function` in every child that fork() makes from now on, when its locks are free; nothing
/// else runs in the child then. For what belongs to threads that the child does not have. Returns
/// true, so that it may initialize a variable of namespace scope.
bool call_in_forked_child(void (*function)() noexcept);

/// Differs between a process and its children: what was made under another number belongs to a
/// parent, whose threads are not here.
std::uint32_t fork_generation() noexcept;

}  // namespace weft
