#include "weft/storage/sqlite/internal/writer.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/storage/sql/error.h"

namespace weft::sqlite {
namespace {

// In one transaction of SQLite's: its own cost is spread well by then, and the first need not wait
// long.
constexpr std::size_t kMostTogether = 256;
// That wait for one fsync: their coroutines are woken at once.
constexpr std::size_t kMostWritten = 1024;

TimePoint now() { return std::chrono::steady_clock::now(); }

/// What a group waits for more, at most: as long as the disk needs, so that nobody waits more than
/// twice.
constexpr Duration kLeastPatience = std::chrono::microseconds(50);
constexpr Duration kMostPatience = std::chrono::milliseconds(2);

Status was_cancelled() { return cancelled("the statement was cancelled"); }

}  // namespace

Writer::Writer(JobQueue& queue, Connection& connection, Duration idle_transaction)
    : queue_(queue), connection_(connection), idle_transaction_(idle_transaction), lane_(queue) {}

TimePoint Writer::sync_at() const {
  return written_since_ + std::clamp(last_sync_, kLeastPatience, kMostPatience);
}

void Writer::work(TimePoint until) {
  const bool inside = queue_.has_transaction(lane_);
  if (inside) until = std::min(until, after(last_job_, idle_transaction_));
  // A transaction's next statement is under way; outside of one, what waits is taken and nothing
  // waited for.
  if (unsynced_) until = std::min(until, inside ? sync_at() : TimePoint::min());
  std::vector<JobPtr> jobs = queue_.take(lane_, kMostTogether, until);
  if (!jobs.empty()) {
    run(jobs);
    last_job_ = now();
  } else if (inside && now() >= after(last_job_, idle_transaction_)) {
    log(LogLevel::Warn, "sqlite: " + connection_.path() +
                            ": a transaction was rolled back: nothing came for " +
                            to_string(idle_transaction_) + " (idle_transaction)");
    static_cast<void>(connection_.execute("ROLLBACK"));
    queue_.end_transaction(lane_);
  }
  if (unsynced_ && (jobs.empty() || written_.size() >= kMostWritten || now() >= sync_at())) sync();
}

void Writer::finish() {
  if (connection_.in_transaction()) static_cast<void>(connection_.execute("ROLLBACK"));
  queue_.end_transaction(lane_);
  if (unsynced_) sync();
}

void Writer::run(std::vector<JobPtr>& jobs) {
  if (jobs.size() > 1 && run_together(jobs)) {
    for (const JobPtr& job : jobs) answer_commit(job);
    return;
  }
  for (const JobPtr& job : jobs) run_alone(job);
}

/// False: none of it has happened.
bool Writer::run_together(const std::vector<JobPtr>& jobs) {
  if (!connection_.execute("BEGIN IMMEDIATE").ok()) return false;
  Status status;
  for (const JobPtr& job : jobs) {
    status = job->cancelled
                 ? was_cancelled()
                 : connection_.run(job->statement, job->cancelled, job->rows, job->must_write);
    if (!status.ok()) break;
  }
  if (status.ok()) status = connection_.execute("COMMIT");
  if (status.ok()) return true;
  if (connection_.in_transaction()) static_cast<void>(connection_.execute("ROLLBACK"));
  return false;
}

void Writer::run_alone(const JobPtr& job) {
  switch (job->kind) {
    case Job::Kind::Begin:
      return begin(job);
    case Job::Kind::Commit:
      return commit(job);
    case Job::Kind::Rollback:
      return rollback(job);
    case Job::Kind::Run:
      break;
  }
  if (job->transaction != 0) return run_inside(job);
  if (job->cancelled) {
    job->status = was_cancelled();
  } else if (job->statement.runs() > 1) {
    job->status = run_batch(*job, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK");
  } else {
    job->status = connection_.run(job->statement, job->cancelled, job->rows, job->must_write);
  }
  answer_commit(job);
}

Status Writer::run_batch(Job& job, const char* begin, const char* end, const char* undo) {
  Status status = connection_.execute(begin, job.cancelled);
  if (!status.ok()) return status;
  status = connection_.run(job.statement, job.cancelled, job.rows, job.must_write);
  if (status.ok()) status = connection_.execute(end);
  if (!status.ok() && connection_.in_transaction()) static_cast<void>(connection_.execute(undo));
  return status;
}

void Writer::run_inside(const JobPtr& job) {
  if (job->cancelled) {
    job->status = was_cancelled();
  } else if (job->statement.runs() > 1) {
    job->status = run_batch(*job, "SAVEPOINT weft_batch", "RELEASE weft_batch",
                            "ROLLBACK TO weft_batch; RELEASE weft_batch");
  } else {
    job->status = connection_.run(job->statement, job->cancelled, job->rows, job->must_write);
  }
  // A full disk, and a cancelled statement that writes, take the whole transaction back.
  if (!connection_.in_transaction()) queue_.end_transaction(lane_);
  queue_.answer(job);
}

void Writer::begin(const JobPtr& job) {
  job->status = connection_.execute("BEGIN IMMEDIATE", job->cancelled);
  if (!job->status.ok()) queue_.end_transaction(lane_);
  queue_.answer(job);
}

void Writer::commit(const JobPtr& job) {
  job->status = connection_.execute("COMMIT");
  if (connection_.in_transaction()) static_cast<void>(connection_.execute("ROLLBACK"));
  queue_.end_transaction(lane_);
  answer_commit(job);
}

void Writer::rollback(const JobPtr& job) {
  if (connection_.in_transaction()) job->status = connection_.execute("ROLLBACK");
  queue_.end_transaction(lane_);
  queue_.answer(job);
}

void Writer::answer_commit(const JobPtr& job) {
  if (!job->status.ok() || !unsynced_) return queue_.answer(job);
  if (written_.empty()) written_since_ = now();
  queue_.note_written(*job);
  written_.push_back(job);
}

void Writer::sync() {
  const TimePoint begun = now();
  const Status status = connection_.sync_log();
  last_sync_ = now() - begun;
  if (!status.ok()) return fail(status);
  std::unique_lock lock(held_mutex_);
  unsynced_ = false;
  const std::vector<Held> held = std::exchange(held_, {});
  lock.unlock();
  for (const Held& one : held) one.queue->answer(one.job);
  for (const JobPtr& job : std::exchange(written_, {})) queue_.answer(job);
}

/// What is in the page cache after a failed fsync may never reach the disk, and a second one would
/// not say so.
void Writer::fail(const Status& status) {
  const Status closed = unavailable("the database was closed after an fsync failed: " +
                                    std::string(status.message()));
  log(LogLevel::Error, "sqlite: " + std::string(closed.message()));
  queue_.close(closed);
  std::unique_lock lock(held_mutex_);
  failed_ = closed;
  unsynced_ = false;  // nothing is written any more, and no read is answered
  const std::vector<Held> held = std::exchange(held_, {});
  lock.unlock();
  for (const Held& one : held) {
    one.job->status = closed;
    one.queue->answer(one.job);
  }
  sql::ErrorDetail detail;
  detail.database = "sqlite";
  detail.sqlstate = "08007";
  for (const JobPtr& job : std::exchange(written_, {})) {
    job->status = sql::error_status(detail,
                                    "committed, but it is not known whether it is on the disk: " +
                                        std::string(status.message()),
                                    Origin::Local);
    queue_.answer(job);
  }
}

void Writer::answer_when_durable(JobQueue& queue, JobPtr job) {
  std::unique_lock lock(held_mutex_);
  if (unsynced_ && failed_.ok()) return held_.push_back({&queue, std::move(job)});
  const Status failed = failed_;
  lock.unlock();
  if (!failed.ok()) job->status = failed;
  queue.answer(std::move(job));
}

}  // namespace weft::sqlite
