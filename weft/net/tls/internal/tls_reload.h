#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/net/tls/internal/tls_settings.h"
#include "weft/net/tls/internal/watched_files.h"

namespace weft::net::internal {

/// What was loaded from files, and again when they change. Safe from any thread; what was given
/// out stays as it is.
template <class State>
class Reloading {
 public:
  /// Loads; `old` is what is in use, or null. The files are stamped in `watched` before they are
  /// read.
  using Load =
      std::function<Result<std::shared_ptr<const State>>(const State* old, WatchedFiles& watched)>;

  Reloading(Load load, Duration interval) : load_(std::move(load)), times_(interval) {}

  Status reload() {
    const std::lock_guard lock(mutex_);
    return load();
  }

  /// What to use now: looks at the files first if that is due.
  std::shared_ptr<const State> current(TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (times_.due(now) && watched_.changed()) {
      // A cause is logged once for each change of the files: their stamps are new either way.
      const Status status = load();
      if (status.ok()) {
        log(LogLevel::Info, "tls: loaded again: " + state_->description);
      } else {
        log(LogLevel::Warn, "tls: changed files cannot be used, those loaded before stay in use: " +
                                std::string(status.message()));
      }
    }
    return state_;
  }

 private:
  Status load() {
    WatchedFiles watched;
    Result<std::shared_ptr<const State>> loaded = load_(state_.get(), watched);
    watched_ = std::move(watched);
    if (!loaded) return std::move(loaded).status();
    state_ = std::move(loaded).value();
    return ok_status();
  }

  Load load_;
  ForkMutex mutex_;
  ReloadTimes times_;
  WatchedFiles watched_;
  std::shared_ptr<const State> state_;
};

}  // namespace weft::net::internal
