#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/storage/sqlite/internal/connection.h"
#include "weft/storage/sqlite/internal/job_queue.h"

namespace weft::sqlite {

/// The one lane that writes to a file.
///
/// Commits are written to the log without waiting for the disk. One fsync then makes all of them
/// durable, and only after it are they answered: while the disk works, the next ones gather.
/// Statements that belong to no transaction and wait together are one transaction of SQLite's;
/// where one of them fails, each of them is run by itself instead.
///
/// All but answer_when_durable() is for the lane's thread.
class Writer {
 public:
  /// `idle_transaction`: see Options.
  Writer(JobQueue& queue, Connection& connection, Duration idle_transaction);

  /// Commits wait for the disk from now on.
  void make_durable() { connection_.note_commits_in(unsynced_); }
  /// Waits until `until` for jobs, does them, and syncs where that is due.
  void work(TimePoint until);
  /// Ends what is open, after the queue was closed.
  void finish();
  bool has_work() const { return unsynced_ || queue_.has_work(lane_); }

  /// Answers a job that has read, once all that it can have seen is on the disk. From any thread;
  /// `queue` is the job's.
  void answer_when_durable(JobQueue& queue, JobPtr job);

 private:
  struct Held {
    JobQueue* queue;
    JobPtr job;
  };
  void run(std::vector<JobPtr>& jobs);
  bool run_together(const std::vector<JobPtr>& jobs);
  void run_alone(const JobPtr& job);
  void run_inside(const JobPtr& job);
  Status run_batch(Job& job, const char* begin, const char* end, const char* undo);
  void begin(const JobPtr& job);
  void commit(const JobPtr& job);
  void rollback(const JobPtr& job);
  void answer_commit(const JobPtr& job);
  /// When a group that waits for the disk has waited long enough for company.
  TimePoint sync_at() const;
  void sync();
  void fail(const Status& status);

  JobQueue& queue_;
  Connection& connection_;
  const Duration idle_transaction_;
  JobQueue::Lane lane_;
  TimePoint last_job_{};
  // Committed, but not yet on the disk.
  std::vector<JobPtr> written_;
  TimePoint written_since_{};
  Duration last_sync_{};
  // Something is in the file that may not be on the disk.
  std::atomic<bool> unsynced_{false};
  std::mutex held_mutex_;
  std::vector<Held> held_;
  Status failed_;  // of held_mutex_
};

}  // namespace weft::sqlite
