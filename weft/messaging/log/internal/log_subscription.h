#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "weft/messaging/events/broker.h"
#include "weft/messaging/log/internal/log_store.h"
#include "weft/messaging/log/internal/writer.h"
#include "weft/net/loop/timer.h"

namespace weft::messaging::stored {

/// A group's place in a topic of the log. Reads on threads where it may block; stores what was
/// settled after a while (LogOptions::commit_interval).
class LogSubscription final : public Subscription, private net::Timer {
 public:
  /// The group is marked as open.
  LogSubscription(net::Loop& loop, std::shared_ptr<Writer> writer, std::shared_ptr<LogTopic> topic,
                  std::shared_ptr<LogGroup> group, Duration commit_interval);
  ~LogSubscription() override;

  Task<Result<std::vector<Delivery>>> next(std::size_t most) override;
  void begin(std::uint64_t position, std::uint32_t tries) override;
  void acknowledge(std::uint64_t position) override;
  void give_back(std::uint64_t position, std::uint32_t tries) override;
  Task<Status> close() override;

 private:
  Task<Status> fill();
  void note_removed();
  void take(std::size_t most, std::vector<Delivery>& batch, Status& failure);
  void changed();
  void note_ended(std::uint64_t position);
  void note_begun(const Status& written) const;
  UniqueFunction<Status(LogStore&)> storing();
  UniqueFunction<Status(LogStore&)> ending();

  net::Loop& loop_;
  const std::shared_ptr<Writer> writer_;
  const std::shared_ptr<LogTopic> topic_;
  const std::shared_ptr<LogGroup> group_;
  const Duration commit_interval_;
  const std::shared_ptr<Watcher> watcher_;
  TopicLog::Cursor cursor_;
  std::deque<StoredRecord> read_;  // and not given out
};

}  // namespace weft::messaging::stored
