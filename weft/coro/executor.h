#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>
#include <utility>

#include "weft/base/time.h"

/// On functions that use thread-local variables and may be called by coroutines. Clang (16 does)
/// keeps the address of such a variable in the coroutine's frame over a suspension, after which the
/// thread may be another one.
#if defined(__clang__)
#define WEFT_NOT_INLINE_IN_COROUTINES [[gnu::noinline]]
#else
#define WEFT_NOT_INLINE_IN_COROUTINES
#endif

namespace weft {

/// A piece of work that an Executor runs once; intrusive, so queueing it allocates nothing. It is
/// in at most one queue, and leaves that queue when it is destroyed (on the queue's thread), so
/// that a coroutine that became ready may still be destroyed.
struct Runnable {
  using Function = void (*)(Runnable&) noexcept;
  explicit Runnable(Function function) noexcept : run(function) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
  ~Runnable() {
    if (previous_ != nullptr) leave_queue();
  }

  Function run;
  /// The next in a queue; free for other uses while it is in none.
  Runnable* next = nullptr;

 private:
  friend class RunnableQueue;
  void leave_queue() noexcept {
    previous_->next = next;
    next->previous_ = previous_;
    previous_ = nullptr;
  }
  Runnable* previous_ = nullptr;
};

/// First in, first out, without allocation. Not thread-safe.
class RunnableQueue {
 public:
  RunnableQueue() noexcept { reset(); }
  RunnableQueue(RunnableQueue&& other) noexcept : RunnableQueue() { splice_back(other); }
  RunnableQueue& operator=(RunnableQueue&& other) noexcept {
    if (this != &other) {
      while (pop() != nullptr) {
      }
      splice_back(other);
    }
    return *this;
  }
  /// What is left is not run.
  ~RunnableQueue() {
    while (pop() != nullptr) {
    }
    head_.previous_ = nullptr;
  }

  bool empty() const noexcept { return head_.next == &head_; }
  void push(Runnable& item) noexcept {
    assert(item.previous_ == nullptr);
    item.next = &head_;
    item.previous_ = head_.previous_;
    head_.previous_->next = &item;
    head_.previous_ = &item;
  }
  /// The oldest, out of the queue; null when empty.
  Runnable* pop() noexcept {
    Runnable* item = head_.next;
    if (item == &head_) return nullptr;
    item->leave_queue();
    return item;
  }
  /// Takes `item` out, if it is in the queue.
  static void remove(Runnable& item) noexcept {
    if (item.previous_ != nullptr) item.leave_queue();
  }
  /// Moves all of `other` to the end of this queue.
  void splice_back(RunnableQueue& other) noexcept {
    if (other.empty()) return;
    Runnable* first = other.head_.next;
    Runnable* last = other.head_.previous_;
    other.reset();
    first->previous_ = head_.previous_;
    head_.previous_->next = first;
    last->next = &head_;
    head_.previous_ = last;
  }

 private:
  void reset() noexcept { head_.next = head_.previous_ = &head_; }
  // A ring through the queue itself: no special cases at the ends.
  Runnable head_{nullptr};
};

/// What runs coroutines: one thread, in turns. net::Loop implements it.
///
/// A turn is: events are taken in (bytes parsed, timers expired), each of them making coroutines
/// *ready*; then the ready ones run at the top level, where no parser or table is half-way through
/// a change; then what they wrote is flushed. So a coroutine never runs inside somebody's callback.
///
/// An executor may be *taken over* (record 6): while its thread is in a UserCode that takes long,
/// another thread becomes its thread. The first of the two waits for it to be given back as soon as
/// it touches what belongs to the executor: leave_user_code().
class Executor : public Clock {
 public:
  /// The executor whose thread this is, or null. Ends a UserCode.
  WEFT_NOT_INLINE_IN_COROUTINES static Executor* current() noexcept {
    leave_user_code();
    return current_;
  }
  /// As current(), to compare with only: does not end a UserCode.
  WEFT_NOT_INLINE_IN_COROUTINES static const Executor* identity() noexcept { return current_; }
  /// Before anything that belongs to the thread's executor is touched from where the user's code
  /// may be calling. A load and a branch where no UserCode is open.
  WEFT_NOT_INLINE_IN_COROUTINES static void leave_user_code() noexcept {
    if (open_ != 0) [[unlikely]]
      close_user_code();
  }

  /// Whether this thread is in a UserCode, so that another may run its executor.
  WEFT_NOT_INLINE_IN_COROUTINES static bool in_user_code() noexcept { return open_ != 0; }

  /// Runs `item` in this turn, after what is ready already; starts a turn if none is under way.
  /// Only on the executor's own thread.
  virtual void ready(Runnable& item) noexcept = 0;
  /// Runs `item` in a later turn. From any thread.
  virtual void post(Runnable& item) noexcept = 0;

 protected:
  friend class UserCode;
  friend class NestedCode;

  /// Waits until this thread, which was in a UserCode that another took over, has the executor
  /// back.
  virtual void rejoin() noexcept;
  /// A UserCode begins; what watches the executor may be asleep.
  virtual void user_code_begins() noexcept {}

  inline static constinit thread_local Executor* current_ = nullptr;
  /// The window that this thread has open; 0: none.
  inline static constinit thread_local std::uint64_t open_ = 0;
  /// Keeps `item`, which this thread posts to its own executor in a UserCode, until that is over:
  /// it must not run before, and the poster may hold a lock, so it must not wait. False: post it.
  static bool defer_post(Runnable& item) noexcept {
    if (open_ == 0) [[likely]]
      return false;
    item.next = std::exchange(deferred_, &item);
    return true;
  }
  /// Whether a UserCode may begin: below it on the stack there is nothing but the executor's loop
  /// over what is ready, and coroutines that wait for each other.
  inline static constinit thread_local bool at_top_ = false;

  /// What was kept, newest first.
  inline static constinit thread_local Runnable* deferred_ = nullptr;

  /// Odd: the executor's thread is in a UserCode. Each beginning, end and take-over adds one, so
  /// that no two UserCodes share a value. Whichever thread exchanges an odd value for an even one
  /// owns the executor from then on.
  std::atomic<std::uint64_t> window_{0};

 private:
  static void close_user_code() noexcept;
  void post_deferred() noexcept;
};

/// While it exists, and until leave_user_code(), the executor's thread may be in code of the user's
/// for which another thread need not wait: nothing of the executor's is half-way through a change,
/// and nothing of it is touched. Does nothing on an executor that cannot be taken over, and where
/// something else than coroutines is on the stack.
class UserCode {
 public:
  WEFT_NOT_INLINE_IN_COROUTINES UserCode() noexcept {
    if (Executor::at_top_) begin();
  }
  UserCode(const UserCode&) = delete;
  UserCode& operator=(const UserCode&) = delete;
  ~UserCode() { Executor::leave_user_code(); }

 private:
  static void begin() noexcept {
    Executor& executor = *Executor::current();
    const std::uint64_t window = executor.window_.load(std::memory_order_relaxed) + 1;
    Executor::open_ = window;
    executor.window_.store(window, std::memory_order_release);
    executor.user_code_begins();
  }
};

/// While it exists no UserCode begins: for code that runs a coroutine in the middle of a change.
class NestedCode {
 public:
  WEFT_NOT_INLINE_IN_COROUTINES NestedCode() noexcept
      : outer_(std::exchange(Executor::at_top_, false)) {}
  NestedCode(const NestedCode&) = delete;
  NestedCode& operator=(const NestedCode&) = delete;
  WEFT_NOT_INLINE_IN_COROUTINES ~NestedCode() { Executor::at_top_ = outer_; }

 private:
  bool outer_;
};

}  // namespace weft
