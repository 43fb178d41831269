#include "weft/telemetry/log/internal/line_queue.h"

#include <csignal>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "weft/base/log/line_writer.h"
#include "weft/base/log/record.h"

namespace weft::telemetry::internal {

bool LineQueue::add(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (!has_thread_ || generation_ != fork_generation()) begin_in_this_process();
  if (lines_.size() + line.size() > kMostBytes) {
    ++refused_;
    return false;
  }
  lines_.append(line);
  added_ += line.size();
  if (std::exchange(is_waiting_, false)) conditions_->more.notify_one();
  return true;
}

void LineQueue::begin_in_this_process() {
  if (has_thread_) {
    // A child of fork(). What waits here is written by the parent.
    lines_.clear();
    batch_.clear();
    written_ = added_;
    has_thread_ = is_waiting_ = false;
  }
  if (generation_ != fork_generation()) static_cast<void>(conditions_.release());
  if (conditions_ == nullptr) conditions_ = std::make_unique<Conditions>();
  generation_ = fork_generation();
  start_thread();
  has_thread_ = true;
}

void LineQueue::start_thread() {
  // Signals are for the program's own threads; one that a write makes (SIGPIPE, SIGXFSZ) is only
  // its errno here.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool LineQueue::flush(Duration longest) {
  std::unique_lock lock(mutex_);
  if (!has_thread_ || generation_ != fork_generation()) return true;
  const std::uint64_t until = added_;
  return conditions_->done.wait_for(lock, longest, [&] { return written_ >= until; });
}

void LineQueue::end() {
  const std::lock_guard lock(mutex_);
  is_ending_ = true;
  if (has_thread_ && generation_ == fork_generation()) conditions_->more.notify_one();
}

void LineQueue::run() {
  while (take_batch()) write_batch();
}

bool LineQueue::take_batch() {
  std::unique_lock lock(mutex_);
  written_ += batch_.size();
  batch_.clear();
  conditions_->done.notify_all();
  while (lines_.empty() && !is_ending_) {
    is_waiting_ = true;
    conditions_->more.wait(lock);
  }
  batch_.swap(lines_);
  not_said_ += std::exchange(refused_, 0);
  return !batch_.empty();
}

void LineQueue::write_batch() {
  if (reopen_.exchange(false, std::memory_order_relaxed)) file_->reopen();
  const std::uint64_t lost = file_->write(batch_);
  if (lost != 0) {
    count_lost_log_lines(lost);
    not_said_ += lost;
    error_ = file_->error();
    return;
  }
  if (not_said_ != 0) {
    const std::string reason =
        error_ == 0 ? "the disk did not keep up" : std::generic_category().message(error_);
    log(LogLevel::Warn, "log lines were lost",
        {{"lines", std::exchange(not_said_, 0)}, {"reason", reason}});
    error_ = 0;
  }
  const bool may_not_rename = file_->error() != 0;
  if (may_not_rename && !said_rename_) {
    log(LogLevel::Warn, "the log file cannot be renamed or opened again, and grows on",
        {{"reason", std::generic_category().message(file_->error())}});
  }
  said_rename_ = may_not_rename;
}

}  // namespace weft::telemetry::internal
