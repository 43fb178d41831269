#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/base/time.h"

namespace weft::net {

class TimerQueue;

/// Something to be done at a time; intrusive, so arming it allocates nothing on a warm loop.
/// Belongs to one loop's thread; destroying it cancels it.
class Timer {
 public:
  using Function = void (*)(Timer&) noexcept;
  explicit Timer(Function expired) noexcept : expired_(expired) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  bool armed() const noexcept { return queue_ != nullptr; }
  /// When it expires; kNever when it is not armed.
  TimePoint when() const noexcept;
  /// Does nothing when not armed.
  void cancel() noexcept;

 private:
  friend class TimerQueue;
  Function expired_;
  TimerQueue* queue_ = nullptr;
  std::uint32_t index_ = 0;  // in its heap
};

/// Timers in order of time: a 4-ary heap whose items know their place, so that arming and
/// cancelling are logarithmic and touch few cache lines. Equal times expire in the order they were
/// armed.
class TimerQueue {
 public:
  TimerQueue() noexcept = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();
  void arm(Timer& timer, TimePoint when);
  void cancel(Timer& timer) noexcept;
  /// When the first timer expires, or kNever.
  TimePoint next() const noexcept;
  /// Expires, one by one, what is due at `now`; timers armed meanwhile for `now` or earlier wait
  /// for the next call.
  void expire(TimePoint now) noexcept;
  std::size_t size() const noexcept;

 private:
  struct Entry {
    TimePoint when;
    std::uint64_t sequence;
    Timer* timer;
  };
  static bool before(const Entry& a, const Entry& b) noexcept;
  void place(std::size_t index, Entry entry) noexcept;
  void sift_up(std::size_t index, Entry entry) noexcept;
  void sift_down(std::size_t index, Entry entry) noexcept;

  friend class Timer;
  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
  TimePoint floor_ = TimePoint::min();
};

}  // namespace weft::net
