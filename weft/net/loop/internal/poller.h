#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

#include "weft/base/time.h"

namespace weft::net::internal {

/// What a Poller reports events to.
class EventTarget {
 public:
  /// Events of epoll_wait(2). The target may be destroyed in here.
  virtual void on_events(std::uint32_t events) noexcept = 0;

 protected:
  ~EventTarget() = default;
};

/// The system's means to wait: an epoll instance, an eventfd to wake it, a timerfd. What has been
/// fetched is kept here until it is dispatched, so that whoever takes a loop over finds it.
///
/// Everything is edge-triggered (epoll(7)): an event is reported when it comes, once, and again
/// after rearm() if it still holds. For the loop's thread, but wake().
class Poller {
 public:
  /// `timer` gets an event when the time of set_timer() has come. Throws std::system_error where
  /// the system gives no descriptors.
  explicit Poller(EventTarget& timer);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  /// Readable while there are events to fetch, so that another poller can watch this one.
  int fd() const noexcept { return epoll_; }
  /// How many descriptors are watched.
  std::size_t watched() const noexcept { return watched_; }

  // An error number, or 0.

  int add(int fd, std::uint32_t events, EventTarget& target) noexcept;
  int rearm(int fd, std::uint32_t events, EventTarget& target) noexcept;
  /// `target` gets no more events, not even those fetched already.
  void remove(int fd, EventTarget& target) noexcept;

  /// A time that has passed counts as now.
  void set_timer(TimePoint when) noexcept;
  /// Ends a fetch() that waits, or the next one. From any thread.
  void wake() noexcept;

  enum class Block : bool { No, Yes };
  /// Takes events in, if those from before are dispatched; false when there are none.
  bool fetch(Block block) noexcept;
  /// Reports one event; false when there is none left.
  bool dispatch() noexcept;
  bool empty() const noexcept { return next_ == count_; }

 private:
  static constexpr std::size_t kBatch = 64;

  int epoll_ = -1;
  int wake_ = -1;
  int timer_ = -1;
  std::size_t watched_ = 0;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::array<epoll_event, kBatch> events_;  // from next_ to count_; no target: nothing to report
};

}  // namespace weft::net::internal
