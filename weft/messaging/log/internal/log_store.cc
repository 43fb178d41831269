#include "weft/messaging/log/internal/log_store.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "weft/base/log.h"

namespace weft::messaging::stored {
namespace {

std::int64_t wall_time() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

LogOptions complete(LogOptions options) {
  if (options.disk == nullptr) options.disk = system_disk();
  if (!options.clock) options.clock = &wall_time;
  return options;
}

}  // namespace

void Watcher::notify() {
  if (told_.exchange(true, std::memory_order_acq_rel)) return;
  anchor_->post([self = shared_from_this()] { self->more.set(); });
}

void Watcher::rearm() noexcept {
  more.reset();
  told_.store(false, std::memory_order_release);
}

void LogTopic::watch(const std::shared_ptr<Watcher>& watcher) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [](const auto& gone) { return gone.expired(); });
  watchers_.push_back(watcher);
}

void LogTopic::notify() {
  const std::lock_guard lock(mutex_);
  for (const auto& watcher : watchers_) {
    if (const std::shared_ptr<Watcher> alive = watcher.lock()) alive->notify();
  }
}

LogStore::LogStore(LogOptions options)
    : options_(complete(std::move(options))), disk_(options_.disk), seed_(std::random_device{}()) {}

Result<std::unique_ptr<LogStore>> LogStore::open(LogOptions options) {
  std::unique_ptr<LogStore> store(new LogStore(std::move(options)));
  Status loaded = store->load();
  if (!loaded.ok()) return loaded;
  return store;
}

std::string LogStore::topic_folder(const std::string& name) const {
  return options_.folder + "/topics/" + name;
}

std::string LogStore::group_folder(const std::string& name) const {
  return options_.folder + "/groups/" + name;
}

Status LogStore::load() {
  for (const char* const folder : {"/topics", "/groups"}) {
    Status made = disk_->make_folder(options_.folder + folder);
    if (!made.ok()) return made;
  }
  Result<std::unique_ptr<Disk::Lock>> lock = disk_->lock(options_.folder + "/lock");
  if (!lock.ok()) return std::move(lock).status();
  lock_ = *std::move(lock);
  const Result<std::vector<std::string>> topics = disk_->list(options_.folder + "/topics");
  if (!topics.ok()) return topics.status();
  for (const std::string& name : *topics) {
    const Result<std::shared_ptr<LogTopic>> opened = topic(name);
    if (!opened.ok()) return opened.status();
  }
  const Result<std::vector<std::string>> groups = disk_->list(options_.folder + "/groups");
  if (!groups.ok()) return groups.status();
  for (const std::string& name : *groups) {
    Status loaded = load_groups(name);
    if (!loaded.ok()) return loaded;
  }
  for (const auto& entry : topics_) remove_old(*entry.second);
  return {};
}

Status LogStore::load_groups(const std::string& name) {
  const Result<std::vector<std::string>> files = disk_->list(group_folder(name));
  if (!files.ok()) return files.status();
  for (const auto& [topic, at] : topics_) {
    if (std::ranges::find(*files, topic + ".a") == files->end() &&
        std::ranges::find(*files, topic + ".b") == files->end()) {
      continue;
    }
    const Result<std::shared_ptr<LogGroup>> opened = open_group(*at, name);
    if (!opened.ok() && opened.status().code() != StatusCode::NotFound) return opened.status();
  }
  return {};
}

Result<std::shared_ptr<LogTopic>> LogStore::topic(const std::string& name) {
  if (const auto found = topics_.find(name); found != topics_.end()) return found->second;
  Status valid = validate_name("topic", name);
  if (!valid.ok()) return valid;
  Result<std::unique_ptr<TopicLog>> log =
      TopicLog::open(*disk_, topic_folder(name),
                     {.segment_bytes = options_.segment_bytes, .seed = seed_++}, options_.clock());
  if (!log.ok()) return std::move(log).status();
  auto made = std::make_shared<LogTopic>(name, *std::move(log));
  topics_.emplace(name, made);
  return made;
}

/// NOT_FOUND: there is none so far.
Result<std::shared_ptr<LogGroup>> LogStore::open_group(LogTopic& topic, const std::string& name) {
  auto group = std::make_shared<LogGroup>(name, GroupFile(*disk_, group_folder(name), topic.name));
  Result<Settled> settled = group->file.load();
  if (!settled.ok()) return std::move(settled).status();
  if (settled->end() > topic.log->end()) {
    return data_loss("group " + name + " has handled the event " +
                     std::to_string(settled->end() - 1) + " of " + topic.name +
                     ", which has events up to " + std::to_string(topic.log->end()) +
                     " only: the end of the log is lost");
  }
  group->settled = *std::move(settled);
  group->position = group->settled.position();
  topic.groups.emplace(name, group);
  return group;
}

Status LogStore::begin_group(const LogTopic& topic, LogGroup& group, StartAt start) {
  std::uint64_t position = topic.log->first();
  if (start.kind == StartAt::Kind::Newest) position = topic.log->end();
  if (start.kind == StartAt::Kind::Position) position = static_cast<std::uint64_t>(start.value);
  if (start.kind == StartAt::Kind::Time) {
    const Result<std::uint64_t> found = topic.log->offset_at(start.value);
    if (!found.ok()) return found.status();
    position = *found;
  }
  if (position > topic.log->end()) {
    return out_of_range("group " + group.name + " cannot begin at " + std::to_string(position) +
                        ": " + topic.name + " ends at " + std::to_string(topic.log->end()));
  }
  group.settled = Settled(position);
  group.position = position;
  return group.file.store(group.settled);
}

Result<std::shared_ptr<LogGroup>> LogStore::group(LogTopic& topic, const std::string& name,
                                                  StartAt start) {
  if (const auto found = topic.groups.find(name); found != topic.groups.end()) {
    return found->second;
  }
  Status status = validate_name("group", name);
  if (status.ok()) status = disk_->make_folder(group_folder(name));
  if (!status.ok()) return status;
  Result<std::shared_ptr<LogGroup>> opened = open_group(topic, name);
  if (opened.ok() || opened.status().code() != StatusCode::NotFound) return opened;
  auto group = std::make_shared<LogGroup>(name, GroupFile(*disk_, group_folder(name), topic.name));
  status = begin_group(topic, *group, start);
  if (!status.ok()) return status;
  topic.groups.emplace(name, group);
  return group;
}

std::string LogStore::begun_path(const LogTopic& topic, const LogGroup& group) const {
  return group_folder(group.name) + "/" + topic.name + ".begun";
}

/// Counts the tries that the program died in.
Status LogStore::count_tries(const LogTopic& topic, LogGroup& group,
                             const BegunFile::Tries& died_in) {
  bool found = false;
  for (const auto& [offset, tries] : died_in) {
    if (offset >= topic.log->end() || group.settled.contains(offset)) continue;
    found = true;
    group.settled.set_tries(offset, tries);
    log(LogLevel::Warn, "event log: the program ended while group " + group.name +
                            " handled the event " + std::to_string(offset) + " of " + topic.name +
                            ": that was its try " + std::to_string(tries));
  }
  return found ? group.file.store(group.settled) : Status();
}

Status LogStore::begin_session(const LogTopic& topic, LogGroup& group) {
  const std::string path = begun_path(topic, group);
  Result<BegunFile::Left> left = BegunFile::read(*disk_, path);
  if (!left.ok()) return std::move(left).status();
  // Before the file is emptied, which could not say it again.
  Status counted = count_tries(topic, group, left->tries);
  if (!counted.ok()) return counted;
  Result<std::unique_ptr<BegunFile>> begun = BegunFile::make(*disk_, path);
  group.begun = begun.ok() ? *std::move(begun) : nullptr;
  group.suspects_end = begun.ok() && left->died ? topic.log->end() : 0;
  // Events are handled all the same.
  if (!begun.ok()) {
    log(LogLevel::Error,
        "event log: tries of group " + group.name +
            " that end the program are not counted: " + begun.status().to_string());
  }
  return {};
}

Status LogStore::end_session(const LogTopic& topic, LogGroup& group) {
  if (group.begun == nullptr) return {};
  group.begun.reset();
  return disk_->remove(begun_path(topic, group));
}

Status LogStore::move_group(LogTopic& topic, const std::string& name, StartAt start) {
  const Result<std::shared_ptr<LogGroup>> found = group(topic, name, start);
  return found.ok() ? begin_group(topic, **found, start) : found.status();
}

Status LogStore::append(const std::string& name, std::vector<std::string> bodies) {
  Result<std::shared_ptr<LogTopic>> topic = this->topic(name);
  if (!topic.ok()) return std::move(topic).status();
  TopicLog& log = *(*topic)->log;
  const std::uint64_t before = log.last_base();
  Status status = log.append(bodies, options_.clock());
  if (status.ok()) status = log.sync();
  if (!status.ok()) return status;
  (*topic)->notify();
  if (log.last_base() != before) remove_old(**topic);
  return {};
}

void LogStore::remove_old(LogTopic& topic) {
  std::uint64_t needed = topic.log->end();
  if (!options_.drops_unread) {
    for (const auto& entry : topic.groups) {
      needed = std::min<std::uint64_t>(needed, entry.second->position);
    }
  }
  const bool by_age = options_.keep_age != kForever;
  const std::int64_t age =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.keep_age).count();
  const Result<std::size_t> removed = topic.log->remove_old(
      options_.keep_bytes, by_age ? options_.clock() - age : INT64_MIN, needed);
  if (!removed.ok()) {
    log(LogLevel::Error, "event log: old events of " + topic.name +
                             " cannot be removed: " + removed.status().to_string());
  }
}

}  // namespace weft::messaging::stored
