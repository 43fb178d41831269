#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/sim/sim_loop.h"

/// Running a coroutine from a test's plain code.
namespace weft::testing {

/// Thrown where something that a test waits for does not happen. Every test framework reports it.
class DidNotHappen : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs the network of `host` in virtual time until `task`, which runs on that host, has ended, and
/// gives its result; rethrows what it throws. DidNotHappen when it has not ended after `limit` of
/// virtual time, or when nothing is left that could end it; its frame is destroyed then.
template <class T>
T run(net::SimLoop& host, Task<T> task, Duration limit = std::chrono::hours(1),
      Context* context = nullptr) {
  bool done = false;
  host.enter([&] {
    task.start(context, {.function = [](void* flag) noexcept { *static_cast<bool*>(flag) = true; },
                         .argument = &done});
  });
  const TimePoint begun = host.now();
  host.network().run_while_not([&] { return done; }, limit);
  if (!done) {
    host.enter([&] { const Task<T> dropped = std::move(task); });
    throw DidNotHappen("the task did not end within " + to_string(host.now() - begun) +
                       " of virtual time (limit " + to_string(limit) + ")");
  }
  return task.take();
}

/// As above, in real time: runs `loop` on this thread until `task` has ended. For tests that need
/// sockets.
template <class T>
T run(net::AsioLoop& loop, Task<T> task, Duration limit = std::chrono::seconds(20)) {
  struct Watchdog : net::Timer {
    explicit Watchdog(net::Loop& owner)
        : Timer([](Timer& self) noexcept { static_cast<Watchdog&>(self).loop.stop(); }),
          loop(owner) {}
    net::Loop& loop;
  };
  Watchdog watchdog(loop);
  loop.arm(watchdog, after(loop.now(), limit));
  loop.enter([&] {
    task.start(nullptr, {.function = [](void* it) noexcept { static_cast<net::Loop*>(it)->stop(); },
                         .argument = static_cast<net::Loop*>(&loop)});
  });
  loop.run();
  if (!task.done()) {
    loop.enter([&] { const Task<T> dropped = std::move(task); });
    throw DidNotHappen("the task did not end within " + to_string(limit));
  }
  return task.take();
}

}  // namespace weft::testing
