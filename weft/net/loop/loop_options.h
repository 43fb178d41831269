#pragma once

#include <cstddef>

#include "weft/base/time.h"

namespace weft::net {

/// How an AsioLoop with an io_context of its own runs. Docs: docs/guide/slow-handlers.md.
struct LoopOptions {
  /// When a handler has kept the loop's thread for longer than this, another thread takes the loop
  /// over and goes on with everybody else's work, until the handler first awaits something or
  /// ends (docs/adr/0006). So handlers may run in parallel. kForever: never.
  Duration handler_bound = kForever;
  /// How often the loop is looked at, at least, while it runs handlers; and how often in the
  /// second after a handler has been found slow.
  Duration watch_interval = std::chrono::milliseconds(1);
  Duration close_watch_interval = std::chrono::microseconds(100);
  /// How many handlers of this loop may be slow at a time, each on a thread of its own; one more
  /// keeps the loop. In the process there are at most 64 such threads.
  std::size_t max_slow_handlers = 16;
  /// How long the loop, when it has run out of work, looks for more before it sleeps: a core is
  /// kept busy for that long, and what arrives meanwhile need not wait until the thread is woken.
  /// Zero: not at all.
  Duration poll_spin = Duration::zero();
};

}  // namespace weft::net
