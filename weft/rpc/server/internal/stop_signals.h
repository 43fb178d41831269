#pragma once

#include <csignal>

#include "weft/base/status.h"

namespace weft::rpc {

/// SIGTERM and SIGINT as a descriptor that becomes readable. While one of these is in scope the
/// first such signal is taken note of, whichever thread it comes to, and gives both their default
/// effect back, so that a second one ends the process. A signal that the process was started to
/// ignore (nohup, a shell's background job) stays ignored.
class StopSignals {
 public:
  /// Blocks the two signals in this thread, and thereby in those it starts, until unblock().
  StopSignals() noexcept;
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /// Gives back the handling that was there before, and this thread's mask.
  ~StopSignals();

  /// OK, or why signals cannot be watched.
  const Status& status() const noexcept { return status_; }
  /// From now on signals come through on this thread, also those that were blocked in it before.
  void unblock() noexcept;

  /// Waits until a signal has come or wake() was called: the signal, or 0.
  int wait() const noexcept;
  /// From any thread.
  void wake() noexcept;

 private:
  Status status_;
  sigset_t before_{};
  int wake_ = -1;
};

}  // namespace weft::rpc
