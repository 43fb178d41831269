#include "weft/storage/sqlite/internal/reader.h"

#include <utility>
#include <vector>

namespace weft::sqlite {

void Reader::work(TimePoint until) {
  std::vector<JobPtr> jobs = queue_.take(lane_, 1, until);
  if (jobs.empty()) return;
  JobPtr& job = jobs.front();
  run(*job);
  if (writer_ == nullptr || !job->status.ok() || job->must_write) {
    queue_.answer(std::move(job));
  } else {
    writer_->answer_when_durable(queue_, std::move(job));
  }
}

void Reader::run(Job& job) {
  // A file that could not be opened may be there for the next job.
  if (connection_.handle() == nullptr) job.status = connection_.open();
  if (job.status.ok()) job.status = read(job);
  const bool ends = job.kind != Job::Kind::Run;
  const bool begun = job.kind == Job::Kind::Begin && job.status.ok();
  const bool lost = connection_.handle() == nullptr || !connection_.in_transaction();
  if ((ends && !begun) || (job.transaction != 0 && lost)) queue_.end_transaction(lane_);
}

Status Reader::read(Job& job) {
  switch (job.kind) {
    case Job::Kind::Begin:
      return connection_.execute("BEGIN", job.cancelled);
    case Job::Kind::Commit:
    case Job::Kind::Rollback:
      return connection_.in_transaction() ? connection_.execute("ROLLBACK") : Status();
    case Job::Kind::Run:
      break;
  }
  if (job.cancelled) return cancelled("the statement was cancelled");
  Status status = connection_.run(job.statement, job.cancelled, job.rows, job.must_write);
  if (status.ok() && job.must_write && job.transaction != 0) {
    return failed_precondition("the transaction is read-only, the statement writes: " +
                               job.statement.text().substr(0, 200));
  }
  return status;
}

}  // namespace weft::sqlite
