#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "weft/base/time.h"

namespace weft::net {
class Loop;
}  // namespace weft::net

namespace weft::net::internal {

/// Says in the log what holds the thread of a loop for long: one piece of work in which nobody else
/// on that loop is answered. A thread of its own looks at the loops twice a second while there are
/// any, so loops pay no more than two plain stores for each piece of work.
class HoldWatch {
 public:
  /// The process's; never destroyed. A child of fork() gets its own.
  static HoldWatch& instance();
  /// Reports work that has taken longer than `limit`, and looks every `interval`.
  HoldWatch(Duration limit, Duration interval) noexcept : limit_(limit), interval_(interval) {}
  HoldWatch(const HoldWatch&) = delete;
  HoldWatch& operator=(const HoldWatch&) = delete;
  /// All loops have been removed.
  ~HoldWatch();

  void add(Loop& loop);
  /// Before `loop` ends. Does nothing where it was not added.
  void remove(const Loop& loop) noexcept;

 private:
  struct Watched {
    const Loop* loop;
    std::uint64_t item;
    TimePoint since;  // this item has been seen
  };
  void serve() noexcept;
  using Lines = std::vector<std::string>;
  /// With the lock; gives what is to be logged without it, since what takes the log's lines may end
  /// loops, or wait for someone who does.
  Lines look(TimePoint now) noexcept;
  void report(const Loop& loop, Lines& lines) noexcept;

  const Duration limit_;
  const Duration interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watched> loops_;
  std::set<std::string> reported_;  // what Loop::describe_work() says
  TimePoint last_look_{};
  bool serving_ = false;  // there is a thread
};

}  // namespace weft::net::internal
