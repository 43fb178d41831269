#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/time.h"
#include "weft/telemetry/log/internal/rotating_file.h"

namespace weft::telemetry::internal {

/// Log lines that wait for a RotatingFile, and the thread that writes them there, so that a slow
/// disk holds nobody who logs. Bounded: what finds no room is lost. From any thread; the child of a
/// fork() inherits no lines and starts a thread of its own with its first.
class LineQueue : public std::enable_shared_from_this<LineQueue> {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;

  explicit LineQueue(std::unique_ptr<RotatingFile> file) : file_(std::move(file)) {}
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  /// False where it is full.
  bool add(std::string_view line);
  /// Waits until what was added before has been written or lost; false after `longest`.
  bool flush(Duration longest);
  /// The file is opened again before the next line is written. A signal's handler may call it.
  void reopen() noexcept { reopen_.store(true, std::memory_order_relaxed); }
  /// The thread ends when it has written what is there. Does not wait for that.
  void end();

 private:
  struct Conditions {
    std::condition_variable_any more;  // the thread waits for it
    std::condition_variable_any done;  // flush() does
  };

  void begin_in_this_process();
  void start_thread();
  void run();
  bool take_batch();
  void write_batch();

  // The thread's. The batch changes under the lock only, so that a child finds it whole.
  const std::unique_ptr<RotatingFile> file_;
  std::string batch_;
  std::uint64_t not_said_ = 0;
  int error_ = 0;
  bool said_rename_ = false;
  std::atomic<bool> reopen_{false};

  ForkMutex mutex_;
  std::string lines_;
  std::uint64_t added_ = 0;  // in bytes, as `written_`
  std::uint64_t written_ = 0;
  std::uint64_t refused_ = 0;     // lines, since the last batch
  std::uint32_t generation_ = 0;  // of the process that has the thread
  bool has_thread_ = false;
  bool is_ending_ = false;
  bool is_waiting_ = false;  // the thread
  // From the thread's start. A child of fork() never destroys its parent's: they may have waiters
  // that are not in the child, and a destructor would wait for those.
  std::unique_ptr<Conditions> conditions_;
};

}  // namespace weft::telemetry::internal
