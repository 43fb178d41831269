#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/event.h"
#include "weft/messaging/events/broker.h"
#include "weft/messaging/log/internal/disk.h"
#include "weft/messaging/log/internal/group/begun_file.h"
#include "weft/messaging/log/internal/group/group_file.h"
#include "weft/messaging/log/internal/group/settled.h"
#include "weft/messaging/log/internal/topic_log.h"
#include "weft/messaging/log/log_broker.h"
#include "weft/net/loop/loop.h"

namespace weft::messaging::stored {

/// Tells a subscription, on its loop, that its topic has more.
class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  explicit Watcher(net::Loop& loop) : anchor_(loop.anchor()) {}
  /// From any thread.
  void notify();
  /// On the loop: before the topic is looked at, so that nothing is missed after it.
  void rearm() noexcept;
  Event more;

 private:
  const std::shared_ptr<net::LoopAnchor> anchor_;
  std::atomic<bool> told_{false};
};

/// A group's place in a topic.
struct LogGroup {
  LogGroup(std::string group, GroupFile at) : name(std::move(group)), file(std::move(at)) {}
  const std::string name;
  GroupFile file;                          // the writer's
  Settled settled;                         // of the open subscription's loop, else the writer's
  std::atomic<std::uint64_t> position{0};  // as stored
  std::atomic<bool> is_open{false};

  // Of the open subscription's loop; the writer's while it is opened and closed.
  /// Where the program before died: the events that it may have died of are noted as they begin.
  std::unique_ptr<BegunFile> begun;
  std::uint64_t suspects_end = 0;  ///< one more than the last of those
};

struct LogTopic {
  LogTopic(std::string topic, std::unique_ptr<TopicLog> records)
      : name(std::move(topic)), log(std::move(records)) {}
  void watch(const std::shared_ptr<Watcher>& watcher);
  void notify();

  const std::string name;
  const std::unique_ptr<TopicLog> log;
  std::map<std::string, std::shared_ptr<LogGroup>> groups;  // the writer's

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

/// What is in the log's folder:
///
///   lock
///   topics/<topic>/<offset>.log
///   groups/<group>/<topic>.a and .b, and .begun while it has a subscription
///
/// Used by the writer only, but for open().
class LogStore {
 public:
  /// Opens every topic and group that is there, and removes what is too old.
  static Result<std::unique_ptr<LogStore>> open(LogOptions options);

  /// The topic, made where there is none.
  Result<std::shared_ptr<LogTopic>> topic(const std::string& name);
  bool has_topic(const std::string& name) const { return topics_.contains(name); }
  /// The group, which begins at `start` and is stored where it is new.
  Result<std::shared_ptr<LogGroup>> group(LogTopic& topic, const std::string& name, StartAt start);
  /// A subscription has taken the group: counts a try for each event that the program before was at
  /// work on when it died.
  Status begin_session(const LogTopic& topic, LogGroup& group);
  /// The subscription is closed, and what it has settled is stored.
  Status end_session(const LogTopic& topic, LogGroup& group);
  /// Has a group, which is not open, go on at `start`.
  Status move_group(LogTopic& topic, const std::string& name, StartAt start);
  /// Appends to a topic and makes it safe.
  Status append(const std::string& topic, std::vector<std::string> bodies);

  const LogOptions& options() const noexcept { return options_; }

 private:
  explicit LogStore(LogOptions options);
  Status load();
  Status load_groups(const std::string& name);
  Result<std::shared_ptr<LogGroup>> open_group(LogTopic& topic, const std::string& name);
  Status begin_group(const LogTopic& topic, LogGroup& group, StartAt start);
  void remove_old(LogTopic& topic);
  std::string topic_folder(const std::string& name) const;
  std::string group_folder(const std::string& name) const;
  static Status count_tries(const LogTopic& topic, LogGroup& group,
                            const BegunFile::Tries& died_in);
  std::string begun_path(const LogTopic& topic, const LogGroup& group) const;

  const LogOptions options_;
  const std::shared_ptr<Disk> disk_;
  std::unique_ptr<Disk::Lock> lock_;
  std::uint64_t seed_;
  std::map<std::string, std::shared_ptr<LogTopic>> topics_;
};

}  // namespace weft::messaging::stored
