#include "weft/telemetry/otlp/internal/log_queue.h"

#include <mutex>
#include <utility>

#include "weft/telemetry/otlp/internal/log_encoding.h"
#include "weft/telemetry/otlp/internal/proto_writer.h"

namespace weft::telemetry::internal {
namespace {

constinit thread_local bool is_left_out = false;
constexpr std::uint32_t kLogRecord = 2;  // of ScopeLogs

}  // namespace

void LogQueue::leave_out_this_thread() noexcept { is_left_out = true; }

void LogQueue::take(const LogRecord& record) noexcept {
  if (is_left_out) return;
  try {
    Wake wake;
    if (!keep(encode_log(record), wake)) dropped_.fetch_add(1, std::memory_order_relaxed);
    if (wake != nullptr) (*wake)();
  } catch (...) {
    // No memory.
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

bool LogQueue::keep(std::string line, Wake& wake) {
  const std::lock_guard lock(mutex_);
  if (generation_ != fork_generation()) [[unlikely]] {
    // A child of fork(): the parent sends what it has queued.
    generation_ = fork_generation();
    lines_.clear();
    bytes_ = 0;
  }
  if (lines_.size() >= limits_.lines || bytes_ + line.size() > limits_.bytes) return false;
  const bool was_half = bytes_ >= limits_.bytes / 2;
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  const bool is_half = bytes_ >= limits_.bytes / 2;
  if (lines_.size() == limits_.lines / 2 || (is_half && !was_half)) wake = wake_;
  return true;
}

std::size_t LogQueue::drain(codec::OutputBytes& to, std::size_t lines, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  while (count < lines && !lines_.empty() &&
         (count == 0 || to.size() + lines_.front().size() <= bytes)) {
    ProtoWriter(to).bytes(kLogRecord, lines_.front());
    bytes_ -= lines_.front().size();
    lines_.pop_front();
    ++count;
  }
  return count;
}

std::size_t LogQueue::clear() noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t count = lines_.size();
  lines_.clear();
  bytes_ = 0;
  return count;
}

void LogQueue::set_wake(std::function<void()> wake) {
  Wake made = wake ? std::make_shared<const std::function<void()>>(std::move(wake)) : nullptr;
  const std::lock_guard lock(mutex_);
  std::swap(wake_, made);
}

LogQueue& log_queue() {
  static auto& queue = *new LogQueue;
  return queue;
}

}  // namespace weft::telemetry::internal
