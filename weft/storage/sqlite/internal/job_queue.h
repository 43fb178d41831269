#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/storage/sqlite/internal/job.h"

namespace weft::sqlite {

/// Jobs that wait for one of several threads. A thread that has begun a transaction takes only the
/// jobs of that transaction until it has ended. Every function may be called from any thread.
class JobQueue {
 public:
  /// A thread's place at the queue, which must outlive it.
  class Lane {
   public:
    explicit Lane(JobQueue& queue);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

   private:
    friend class JobQueue;
    std::condition_variable wake_;
    std::deque<JobPtr> inside_;      // of its transaction
    std::uint64_t transaction_ = 0;  // that it has begun, or is beginning
    bool idle_ = false;
  };

  /// What cancel() has found the job to be: never to run, about to end, or beyond recall.
  enum class Cancelled : std::uint8_t { NotBegun, Running, Written };

  /// At most `most` jobs wait.
  explicit JobQueue(std::size_t most) noexcept : most_(most) {}

  /// Answers at once what cannot be done: the queue is closed or full, or the transaction has
  /// ended. True where the job found no idle lane, so that another may be started.
  bool push(JobPtr job);
  Cancelled cancel(Job& job);

  /// Waits until `until` for what the lane may do next: one job, or up to `most` statements that
  /// belong to no transaction. Empty: nothing came, or the queue is closed.
  std::vector<JobPtr> take(Lane& lane, std::size_t most, TimePoint until);
  /// The lane's transaction has ended: the jobs left of it are answered, and the lane is free.
  void end_transaction(Lane& lane);
  bool has_transaction(const Lane& lane) const;
  /// Whether take() would find something at once.
  bool has_work(const Lane& lane) const;

  /// The job is committed, and waits for the disk.
  void note_written(Job& job);
  /// The job has ended, with its status.
  void answer(JobPtr job);

  /// Refuses what waits and what comes with `reason`; lanes find nothing more to do.
  void close(const Status& reason);
  bool is_closed() const;

 private:
  bool may_take(const Lane& lane) const;
  Lane* lane_of(std::uint64_t transaction) const;
  /// Why a job cannot wait here; OK: it can.
  Status refusal(const Job& job, const Lane* lane) const;

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::deque<JobPtr> waiting_;
  std::vector<Lane*> lanes_;
  Status closed_;
};

}  // namespace weft::sqlite
