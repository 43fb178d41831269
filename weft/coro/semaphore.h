#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "weft/base/intrusive_list.h"
#include "weft/base/result.h"
#include "weft/coro/frame/waiter.h"

namespace weft {

/// A number of permits to hold, granted first come, first served. With one permit it is a mutex
/// that may be held across a co_await. Belongs to one thread; must outlive its permits and its
/// waiters.
class Semaphore {
 public:
  class Permit;
  class Acquire;

  explicit Semaphore(std::size_t permits) noexcept : available_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// `co_await semaphore.acquire()`: a permit, or the reason for which the context of the waiting
  /// coroutine was cancelled.
  [[nodiscard("co_await it: until then nothing happens")]] Acquire acquire() noexcept;
  /// A permit, or an empty one if none is free.
  [[nodiscard]] Permit try_acquire() noexcept;

  std::size_t available() const noexcept {
    Executor::leave_user_code();
    return available_;
  }

 private:
  void release() noexcept;

  std::size_t available_;
  coro::WaiterList waiters_;
};

/// Gives its permit back when destroyed. Move-only; may be empty.
class [[nodiscard]] Semaphore::Permit {
 public:
  Permit() noexcept = default;
  Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  Permit& operator=(Permit other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  ~Permit() { release(); }

  explicit operator bool() const noexcept { return semaphore_ != nullptr; }
  /// Gives it back now.
  void release() noexcept {
    if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release();
  }

 private:
  friend class Semaphore;
  explicit Permit(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
  Semaphore* semaphore_ = nullptr;
};

/// Awaiter of acquire().
class [[nodiscard("co_await it: until then nothing happens")]] Semaphore::Acquire {
 public:
  explicit Acquire(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
  Acquire(const Acquire&) = delete;
  Acquire& operator=(const Acquire&) = delete;
  ~Acquire();

  bool await_ready() noexcept {
    permit_ = semaphore_.try_acquire();
    return static_cast<bool>(permit_);
  }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    return waiting_ = waiter_.suspend(handle, semaphore_.waiters_);
  }
  Result<Permit> await_resume() noexcept;

 private:
  bool granted() const noexcept { return waiting_ && !waiter_.linked() && waiter_.status().ok(); }

  Semaphore& semaphore_;
  Permit permit_;
  coro::Waiter waiter_;
  bool waiting_ = false;
};

inline Semaphore::Acquire Semaphore::acquire() noexcept { return Acquire(*this); }

inline Semaphore::Permit Semaphore::try_acquire() noexcept {
  Executor::leave_user_code();
  if (available_ == 0) return {};
  --available_;
  return Permit(*this);
}

}  // namespace weft
