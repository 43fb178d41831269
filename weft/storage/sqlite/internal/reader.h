#pragma once

#include "weft/base/time.h"
#include "weft/storage/sqlite/internal/connection.h"
#include "weft/storage/sqlite/internal/job_queue.h"
#include "weft/storage/sqlite/internal/writer.h"

namespace weft::sqlite {

/// A lane that reads, with a connection of its own that is opened by its first job. For one thread.
class Reader {
 public:
  /// `writer`: null where the file is only read.
  Reader(JobQueue& queue, const ConnectionOptions& options, Writer* writer)
      : queue_(queue), connection_(options), writer_(writer), lane_(queue) {}

  /// Waits until `until` for a job, and does it.
  void work(TimePoint until);
  bool has_work() const { return queue_.has_work(lane_); }

 private:
  void run(Job& job);
  Status read(Job& job);

  JobQueue& queue_;
  Connection connection_;
  Writer* const writer_;
  JobQueue::Lane lane_;
};

}  // namespace weft::sqlite
