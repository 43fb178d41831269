#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/fork_mutex.h"
#include "weft/base/log/tap.h"
#include "weft/codec/schema/wire.h"

namespace weft::telemetry::internal {

/// Log lines that wait to be exported, already encoded. Bounded in number and in bytes: what finds
/// no room is dropped and counted. From any thread.
class LogQueue final : public LogTap {
 public:
  struct Limits {
    std::size_t lines = 2048;  // OTEL_BLRP_MAX_QUEUE_SIZE
    std::size_t bytes = std::size_t{4} * 1024 * 1024;
  };
  LogQueue() noexcept : LogQueue(Limits()) {}
  explicit LogQueue(Limits limits) noexcept : limits_(limits) {}

  /// Lines of the calling thread are left out from now on: an exporter's own lines would make it
  /// export again.
  static void leave_out_this_thread() noexcept;

  void take(const LogRecord& record) noexcept override;
  /// Appends waiting lines to `to`, the oldest first, as fields 2 of ScopeLogs, and forgets them:
  /// at most so many, and at most so many bytes but for the first one. How many.
  std::size_t drain(codec::OutputBytes& to, std::size_t lines, std::size_t bytes);
  /// Forgets what waits. How many.
  std::size_t clear() noexcept;
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  /// Called when the queue is half full, by the thread that logs. Empty: nobody is.
  void set_wake(std::function<void()> wake);

 private:
  using Wake = std::shared_ptr<const std::function<void()>>;
  bool keep(std::string line, Wake& wake);

  const Limits limits_;
  std::atomic<std::uint64_t> dropped_{0};
  std::uint32_t generation_ = fork_generation();
  ForkMutex mutex_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  Wake wake_;
};

/// The queue of the process. It is never destroyed, because threads may log while the process ends.
LogQueue& log_queue();

}  // namespace weft::telemetry::internal
