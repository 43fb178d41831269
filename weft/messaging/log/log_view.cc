#include "weft/messaging/log/log_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "weft/messaging/log/internal/event_body.h"
#include "weft/messaging/log/internal/group/group_file.h"
#include "weft/messaging/log/internal/log_store.h"
#include "weft/messaging/log/internal/topic_log.h"

namespace weft::messaging {
namespace {

constexpr std::size_t kMostRead = std::size_t{1} << 20;

/// Events of a topic that are not settled.
std::uint64_t waiting_of(const stored::Settled& settled, std::uint64_t end) {
  std::uint64_t waiting = end > settled.position() ? end - settled.position() : 0;
  for (const auto& [begin, behind] : settled.ranges()) {
    waiting -= std::min(waiting, behind - begin);
  }
  return waiting;
}

}  // namespace

struct LogView::State {
  std::string folder;
  std::shared_ptr<stored::Disk> disk;
  std::map<std::string, std::unique_ptr<stored::TopicLog>> topics;

  Result<const stored::TopicLog*> find(const std::string& topic) const {
    const auto found = topics.find(topic);
    if (found == topics.end()) return not_found("the log " + folder + " has no topic " + topic);
    return static_cast<const stored::TopicLog*>(found->second.get());
  }
};

LogView::LogView(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogView::LogView(LogView&&) noexcept = default;
LogView& LogView::operator=(LogView&&) noexcept = default;
LogView::~LogView() = default;

Result<LogView> LogView::open(LogOptions options) {
  auto state = std::make_unique<State>();
  state->folder = std::move(options.folder);
  state->disk = options.disk != nullptr ? std::move(options.disk) : stored::system_disk();
  const std::string topics = state->folder + "/topics";
  const Result<std::vector<std::string>> names = state->disk->list(topics);
  if (!names.ok()) return names.status().with_prefix("event log");
  for (const std::string& name : *names) {
    Result<std::unique_ptr<stored::TopicLog>> log =
        stored::TopicLog::view(*state->disk, topics + "/" + name);
    // A topic that is being made has no file so far.
    if (log.status().code() == StatusCode::NotFound) continue;
    if (!log.ok()) return log.status().with_prefix("event log");
    state->topics.emplace(name, *std::move(log));
  }
  return LogView(std::move(state));
}

std::vector<LogView::Topic> LogView::topics() const {
  std::vector<Topic> all;
  for (const auto& [name, log] : state_->topics) {
    all.push_back({.name = name, .first = log->first(), .end = log->end(), .bytes = log->bytes()});
  }
  return all;
}

Result<std::vector<LogView::Group>> LogView::groups() const {
  std::vector<Group> all;
  const std::string folder = state_->folder + "/groups";
  const Result<std::vector<std::string>> names = state_->disk->list(folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    for (const auto& [topic, log] : state_->topics) {
      const Result<stored::Settled> settled =
          stored::GroupFile(*state_->disk, folder + "/" + name, topic).load();
      if (settled.status().code() == StatusCode::NotFound) continue;
      if (!settled.ok()) return settled.status();
      all.push_back({.name = name,
                     .topic = topic,
                     .position = settled->position(),
                     .waiting = waiting_of(*settled, log->end())});
    }
  }
  return all;
}

Result<std::vector<Delivery>> LogView::read(const std::string& topic, std::uint64_t from,
                                            std::size_t most) const {
  const Result<const stored::TopicLog*> log = state_->find(topic);
  if (!log.ok()) return log.status();
  std::vector<Delivery> all;
  stored::TopicLog::Cursor cursor(from);
  while (all.size() < most) {
    const Result<std::vector<stored::StoredRecord>> records = (*log)->read(cursor, kMostRead);
    if (!records.ok()) return records.status();
    if (records->empty()) break;
    for (const stored::StoredRecord& record : *records) {
      if (all.size() == most) break;
      Result<CloudEvent> event = stored::decode_event(record.body);
      if (!event.ok()) return event.status();
      Delivery delivery;
      delivery.event = *std::move(event);
      delivery.position = record.offset;
      delivery.stored = record.time;
      all.push_back(std::move(delivery));
    }
  }
  return all;
}

Result<std::uint64_t> LogView::position_at(const std::string& topic, std::int64_t time) const {
  const Result<const stored::TopicLog*> log = state_->find(topic);
  if (!log.ok()) return log.status();
  return (*log)->offset_at(time);
}

Status LogView::refresh() {
  for (const auto& entry : state_->topics) {
    Status status = entry.second->refresh();
    if (!status.ok()) return status;
  }
  return {};
}

Status replay(LogOptions options, const std::string& topic, const std::string& group,
              StartAt start) {
  const std::string folder = options.folder;
  Result<std::unique_ptr<stored::LogStore>> store = stored::LogStore::open(std::move(options));
  if (!store.ok()) return store.status().with_prefix("event log");
  if (!(*store)->has_topic(topic)) return not_found("the log " + folder + " has no topic " + topic);
  const Result<std::shared_ptr<stored::LogTopic>> at = (*store)->topic(topic);
  if (!at.ok()) return at.status();
  return (*store)->move_group(**at, group, start);
}

}  // namespace weft::messaging
