#include "weft/storage/sqlite/internal/job_queue.h"

#include <algorithm>
#include <string>
#include <utility>

namespace weft::sqlite {
namespace {

/// Takes a job out of a queue; false where it is not there.
bool remove(std::deque<JobPtr>& from, const Job& job) {
  const auto found = std::find_if(from.begin(), from.end(),
                                  [&job](const JobPtr& one) { return one.get() == &job; });
  if (found == from.end()) return false;
  from.erase(found);
  return true;
}

Status has_ended() {
  return aborted(
      "the transaction was rolled back before: by an error, or because nothing came for "
      "idle_transaction");
}

}  // namespace

JobQueue::Lane::Lane(JobQueue& queue) {
  const std::lock_guard lock(queue.mutex_);
  queue.lanes_.push_back(this);
}

JobQueue::Lane* JobQueue::lane_of(std::uint64_t transaction) const {
  const auto found = std::find_if(lanes_.begin(), lanes_.end(), [transaction](const Lane* lane) {
    return lane->transaction_ == transaction;
  });
  return found == lanes_.end() ? nullptr : *found;
}

Status JobQueue::refusal(const Job& job, const Lane* lane) const {
  if (!closed_.ok()) return closed_;
  const bool inside = job.transaction != 0 && job.kind != Job::Kind::Begin;
  if (inside) return lane == nullptr ? has_ended() : Status();
  if (waiting_.size() < most_) return {};
  return resource_exhausted(std::to_string(most_) +
                            " statements wait for the database (max_waiting)");
}

bool JobQueue::push(JobPtr job) {
  std::unique_lock lock(mutex_);
  const bool inside = job->transaction != 0 && job->kind != Job::Kind::Begin;
  Lane* lane = inside ? lane_of(job->transaction) : nullptr;
  job->status = refusal(*job, lane);
  if (!job->status.ok()) {
    lock.unlock();
    // There is nothing to take back.
    if (job->kind == Job::Kind::Rollback) job->status = Status();
    answer(std::move(job));
    return false;
  }
  if (lane != nullptr) {
    lane->inside_.push_back(std::move(job));
    lane->wake_.notify_one();
    return false;
  }
  waiting_.push_back(std::move(job));
  for (Lane* const one : lanes_) {
    if (!one->idle_ || one->transaction_ != 0) continue;
    one->idle_ = false;  // the next job wakes another
    one->wake_.notify_one();
    return false;
  }
  return true;
}

JobQueue::Cancelled JobQueue::cancel(Job& job) {
  const std::lock_guard lock(mutex_);
  job.cancelled.store(true, std::memory_order_relaxed);
  if (job.state == Job::State::Written) return Cancelled::Written;
  if (job.state != Job::State::Waiting) return Cancelled::Running;
  if (!remove(waiting_, job)) {
    for (Lane* const lane : lanes_) remove(lane->inside_, job);
  }
  return Cancelled::NotBegun;
}

bool JobQueue::may_take(const Lane& lane) const {
  return lane.transaction_ != 0 ? !lane.inside_.empty() : !waiting_.empty();
}

std::vector<JobPtr> JobQueue::take(Lane& lane, std::size_t most, TimePoint until) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return may_take(lane) || !closed_.ok(); };
  while (!ready()) {
    lane.idle_ = true;
    if (until == kNever) {
      lane.wake_.wait(lock);
    } else if (until == TimePoint::min() ||
               lane.wake_.wait_until(lock, until) == std::cv_status::timeout) {
      break;
    }
  }
  lane.idle_ = false;
  std::vector<JobPtr> jobs;
  if (!may_take(lane)) return jobs;
  std::deque<JobPtr>& from = lane.transaction_ != 0 ? lane.inside_ : waiting_;
  do {
    JobPtr& job = from.front();
    if (job->kind != Job::Kind::Run && !jobs.empty()) break;
    job->state = Job::State::Running;
    if (job->kind == Job::Kind::Begin) lane.transaction_ = job->transaction;
    jobs.push_back(std::move(job));
    from.pop_front();
  } while (jobs.back()->kind == Job::Kind::Run && lane.transaction_ == 0 && jobs.size() < most &&
           !from.empty());
  return jobs;
}

void JobQueue::end_transaction(Lane& lane) {
  std::unique_lock lock(mutex_);
  lane.transaction_ = 0;
  std::deque<JobPtr> left = std::exchange(lane.inside_, {});
  lock.unlock();
  for (JobPtr& job : left) {
    job->status = job->kind == Job::Kind::Rollback ? Status() : has_ended();
    answer(std::move(job));
  }
}

bool JobQueue::has_transaction(const Lane& lane) const {
  const std::lock_guard lock(mutex_);
  return lane.transaction_ != 0;
}

bool JobQueue::has_work(const Lane& lane) const {
  const std::lock_guard lock(mutex_);
  return may_take(lane);
}

void JobQueue::note_written(Job& job) {
  const std::lock_guard lock(mutex_);
  job.state = Job::State::Written;
}

void JobQueue::answer(JobPtr job) {
  {
    const std::lock_guard lock(mutex_);
    job->state = Job::State::Ended;
  }
  const std::shared_ptr<net::LoopAnchor> loop = job->loop;
  if (loop == nullptr) return;
  // False: the loop has ended, and the coroutine with it.
  static_cast<void>(loop->post([job = std::move(job)] {
    job->ended = true;
    if (job->wait != nullptr) job->wait->complete();
  }));
}

void JobQueue::close(const Status& reason) {
  std::unique_lock lock(mutex_);
  if (!closed_.ok()) return;
  closed_ = reason;
  std::deque<JobPtr> left = std::exchange(waiting_, {});
  for (Lane* const lane : lanes_) {
    for (JobPtr& job : std::exchange(lane->inside_, {})) left.push_back(std::move(job));
    lane->wake_.notify_one();
  }
  lock.unlock();
  for (JobPtr& job : left) {
    job->status = reason;
    answer(std::move(job));
  }
}

bool JobQueue::is_closed() const {
  const std::lock_guard lock(mutex_);
  return !closed_.ok();
}

}  // namespace weft::sqlite
