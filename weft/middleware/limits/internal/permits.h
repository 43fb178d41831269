#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace weft::middleware {

/// How many calls are under way, on all loops together. Thread-safe, without locks.
class Permits {
 public:
  /// One more, unless there are `limit` already.
  bool try_take(std::size_t limit) noexcept {
    std::size_t taken = taken_.load();
    while (taken < limit) {
      if (taken_.compare_exchange_weak(taken, taken + 1)) return true;
    }
    return false;
  }
  void give_back() noexcept { taken_.fetch_sub(1); }
  std::size_t taken() const noexcept { return taken_.load(); }

 private:
  // Sequentially consistent: who gives back and then looks whether somebody waits, and who begins
  // to wait and then looks whether something is free, must not miss each other.
  std::atomic<std::size_t> taken_{0};
};

/// One permit that was taken from a Source, given back at the end of its scope.
template <class Source>
class Held {
 public:
  explicit Held(Source& source) noexcept : source_(source) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { source_.give_back(); }

 private:
  Source& source_;
};

}  // namespace weft::middleware
