#pragma once

#include "weft/net/loop/wait.h"

namespace weft::net {

/// While a coroutine awaits `wait`, `place` is where others find it to complete it. Null again when
/// the wait is over, also where the coroutine is destroyed meanwhile, as at the end of its loop.
/// Declared behind the wait in the same frame.
class Awaited {
 public:
  Awaited(Wait*& place, Wait& wait) noexcept : place_(place) { place_ = &wait; }
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;
  ~Awaited() { place_ = nullptr; }

 private:
  Wait*& place_;
};

}  // namespace weft::net
