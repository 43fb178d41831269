#include "weft/messaging/log/internal/log_subscription.h"

#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/messaging/log/internal/event_body.h"
#include "weft/net/loop/offload.h"

namespace weft::messaging::stored {
namespace {

constexpr std::size_t kMostRead = std::size_t{1} << 20;

struct ReadOn {
  TopicLog::Cursor cursor;
  Result<std::vector<StoredRecord>> records;
};

/// On a thread where it may block; the subscription may be gone when it ends.
ReadOn read_on(const std::shared_ptr<LogTopic>& topic, TopicLog::Cursor cursor) {
  Result<std::vector<StoredRecord>> records = topic->log->read(cursor, kMostRead);
  return {std::move(cursor), std::move(records)};
}

}  // namespace

LogSubscription::LogSubscription(net::Loop& loop, std::shared_ptr<Writer> writer,
                                 std::shared_ptr<LogTopic> topic, std::shared_ptr<LogGroup> group,
                                 Duration commit_interval)
    : Timer([](Timer& timer) noexcept {
        auto& self = static_cast<LogSubscription&>(timer);
        self.writer_->post(self.storing());
      }),
      loop_(loop),
      writer_(std::move(writer)),
      topic_(std::move(topic)),
      group_(std::move(group)),
      commit_interval_(commit_interval),
      watcher_(std::make_shared<Watcher>(loop)),
      cursor_(group_->settled.position()) {
  topic_->watch(watcher_);
}

LogSubscription::~LogSubscription() { group_->is_open = false; }

/// Reads the next records; OK with none at the end.
Task<Status> LogSubscription::fill() {
  const std::shared_ptr<LogTopic> topic = topic_;
  const TopicLog::Cursor cursor = cursor_;
  const std::uint64_t wanted = cursor_.offset();
  ReadOn done = co_await net::offload(&read_on, topic, cursor);
  cursor_ = std::move(done.cursor);
  if (!done.records.ok()) co_return std::move(done.records).status();
  if (!done.records->empty() && done.records->front().offset > wanted) note_removed();
  read_.insert(read_.end(), std::make_move_iterator(done.records->begin()),
               std::make_move_iterator(done.records->end()));
  co_return Status();
}

/// Retention was faster than the group.
void LogSubscription::note_removed() {
  const std::uint64_t first = topic_->log->first();
  if (group_->settled.position() >= first) return;
  log(LogLevel::Error, "event log: group " + group_->name + " has lost events of " + topic_->name +
                           " from " + std::to_string(group_->settled.position()) + " to " +
                           std::to_string(first) + ", which were removed before it handled them");
  group_->settled.advance(first);
  changed();
}

/// Up to `most` of what was read and is not settled.
void LogSubscription::take(std::size_t most, std::vector<Delivery>& batch, Status& failure) {
  while (!read_.empty() && batch.size() < most) {
    const StoredRecord record = std::move(read_.front());
    read_.pop_front();
    if (group_->settled.contains(record.offset)) continue;
    Result<CloudEvent> event = decode_event(record.body);
    if (!event.ok()) {
      failure = event.status().with_prefix("event " + std::to_string(record.offset) + " of " +
                                           topic_->name);
      return;
    }
    Delivery delivery;
    delivery.event = *std::move(event);
    delivery.position = record.offset;
    delivery.tries = group_->settled.tries(record.offset);
    delivery.interrupted = delivery.tries != 0 && record.offset < group_->suspects_end;
    delivery.stored = record.time;
    batch.push_back(std::move(delivery));
  }
}

Task<Result<std::vector<Delivery>>> LogSubscription::next(std::size_t most) {
  std::vector<Delivery> batch;
  Status failure;
  while (true) {
    take(most, batch, failure);
    if (!batch.empty()) co_return std::move(batch);
    if (!failure.ok()) co_return failure;
    watcher_->rearm();
    Status filled = co_await fill();
    if (!filled.ok()) co_return filled;
    if (!read_.empty()) continue;
    Status waited = co_await watcher_->more.wait();
    if (!waited.ok()) co_return waited;
  }
}

/// An event that ends the program is noted from the second time on: the first time says only that
/// one of those that were there did. So nothing is written where no program dies.
void LogSubscription::begin(std::uint64_t position, std::uint32_t tries) {
  if (position < group_->suspects_end) note_begun(group_->begun->begin(position, tries));
}

void LogSubscription::note_ended(std::uint64_t position) {
  if (position < group_->suspects_end) note_begun(group_->begun->end(position));
}

void LogSubscription::note_begun(const Status& written) const {
  static constinit LogLimit limit(1);
  if (written.ok()) return;
  log(limit, LogLevel::Error,
      "event log: the try of an event of " + topic_->name + " by group " + group_->name +
          " may not be counted: " + written.to_string());
}

void LogSubscription::acknowledge(std::uint64_t position) {
  note_ended(position);
  group_->settled.add(position);
  changed();
}

void LogSubscription::give_back(std::uint64_t position, std::uint32_t tries) {
  note_ended(position);
  if (tries != 0) group_->settled.set_tries(position, tries);
  changed();
}

/// Has it stored after a while.
void LogSubscription::changed() {
  if (!Timer::armed()) loop_.arm(*this, after(loop_.now(), commit_interval_));
}

UniqueFunction<Status(LogStore&)> LogSubscription::storing() {
  return [group = group_, settled = group_->settled](LogStore&) -> Status {
    Status stored = group->file.store(settled);
    if (stored.ok()) group->position = settled.position();
    return stored.ok() ? stored : stored.with_prefix("the place of group " + group->name);
  };
}

UniqueFunction<Status(LogStore&)> LogSubscription::ending() {
  return [topic = topic_, group = group_](LogStore& store) {
    return store.end_session(*topic, *group);
  };
}

Task<Status> LogSubscription::close() {
  Timer::cancel();
  Status stored = co_await writer_->run(storing());
  if (stored.ok()) stored = co_await writer_->run(ending());
  group_->is_open = false;
  co_return stored;
}

}  // namespace weft::messaging::stored
