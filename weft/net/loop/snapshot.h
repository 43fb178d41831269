#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/net/loop/loop_local.h"

namespace weft::net {

/// A value that is replaced as a whole while loops read it: a policy, a set of keys. Reading costs
/// a loop one atomic load, which no other loop writes to but on a change.
template <class T>
class Snapshot {
 public:
  using Ref = std::shared_ptr<const T>;

  /// From any thread. Loops see it when they next ask.
  void set(Ref value) {
    const std::scoped_lock lock(mutex_);
    value_ = std::move(value);
    version_.fetch_add(1, std::memory_order_release);
  }
  /// From any thread; takes a lock.
  Ref get() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }
  /// The value as of now, on the thread of `loop`; null before the first set(). Valid until the
  /// loop asks again: copy it to keep it longer.
  const Ref& of(Loop& loop) const {
    Seen& seen = seen_.of(loop);
    if (seen.version != version_.load(std::memory_order_acquire)) [[unlikely]] {
      const std::scoped_lock lock(mutex_);
      seen.value = value_;
      seen.version = version_.load(std::memory_order_relaxed);
    }
    return seen.value;
  }

 private:
  /// What a loop saw last.
  struct Seen {
    std::uint64_t version = 0;
    Ref value;
  };

  mutable ForkMutex mutex_;
  Ref value_;
  std::atomic<std::uint64_t> version_{0};
  LoopLocal<Seen> seen_;
};

}  // namespace weft::net
