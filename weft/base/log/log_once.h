#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "weft/base/fork_mutex.h"

namespace weft {

/// What has been logged already, for lines that say nothing new the second time. Lets each key pass
/// once, and kMost of them in all: a peer that causes such lines could name any number of methods.
/// For static storage; from any thread.
class LogOnce {
 public:
  static constexpr std::size_t kMost = 100;

  constexpr LogOnce() noexcept = default;
  LogOnce(const LogOnce&) = delete;
  LogOnce& operator=(const LogOnce&) = delete;

  /// Whether a line about `key` is to be logged now.
  bool is_new(std::string_view key);

 private:
  NeverDestroyed<ForkMutex> mutex_;
  std::set<std::string, std::less<>>* keys_ = nullptr;  // never destroyed
};

}  // namespace weft
