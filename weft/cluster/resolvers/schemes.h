#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/fork_mutex.h"

namespace weft::cluster {

/// What was registered for each scheme, for the whole process. Safe from any thread.
template <class Factory>
class Schemes {
 public:
  void add(std::string scheme, Factory factory) {
    const std::lock_guard lock(mutex_);
    factories_[std::move(scheme)] = std::move(factory);
  }
  /// A copy, so that it is called without the lock; empty where there is none.
  Factory find(std::string_view scheme) const {
    const std::lock_guard lock(mutex_);
    const auto found = factories_.find(scheme);
    return found == factories_.end() ? Factory() : found->second;
  }
  /// "etcd, weft"; "none".
  std::string names() const {
    const std::lock_guard lock(mutex_);
    std::string names;
    for (const auto& [scheme, factory] : factories_) {
      names.append(names.empty() ? "" : ", ").append(scheme);
    }
    return names.empty() ? "none" : names;
  }

 private:
  mutable ForkMutex mutex_;
  std::map<std::string, Factory, std::less<>> factories_;
};

}  // namespace weft::cluster
