#pragma once

#include <mutex>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"

namespace weft::net {

/// Something that happens once, from any thread, and everything that waits for it. There is one way
/// to wait: a function that runs when the latch opens. A thread and a coroutine wait by a function
/// that wakes them, so that each may have a limit of its own.
class Latch {
 public:
  /// Runs what waits, on this thread. The second time nothing happens.
  void open();
  bool is_open() const;
  /// Runs `function` on the thread that opens the latch; at once where it is open. The function is
  /// kept until then, also after a wait below has reached its limit.
  void when_open(UniqueFunction<void()> function);
  /// Blocks this thread. False: still closed after `limit`.
  bool wait(Duration limit);
  /// Suspends a coroutine on `loop`, its own. False: still closed after `limit`, or when the
  /// coroutine's Context was cancelled. It may be destroyed while it waits.
  Task<bool> wait(Loop& loop, Duration limit);

 private:
  mutable std::mutex mutex_;
  bool open_ = false;
  std::vector<UniqueFunction<void()>> waiting_;
};

}  // namespace weft::net
