#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/messaging/events/broker.h"
#include "weft/messaging/log/log_broker.h"

namespace weft::messaging {

/// What people and tools see of a log: its topics, events and groups. Reads only, so that a program
/// may have the log open meanwhile; an event may be seen shortly before it is safe. For one thread.
class LogView {
 public:
  struct Topic {
    std::string name;
    std::uint64_t first = 0;  ///< position of the oldest event
    std::uint64_t end = 0;    ///< one more than that of the newest
    std::uint64_t bytes = 0;
  };
  struct Group {
    std::string name;
    std::string topic;
    std::uint64_t position = 0;  ///< of the first event that it has not handled
    std::uint64_t waiting = 0;   ///< events that it has not handled
  };

  /// The log in LogOptions::folder; its other options have no meaning here but `disk`. NOT_FOUND
  /// where there is none; other errors as open_log() has them.
  static Result<LogView> open(LogOptions options);
  LogView(LogView&&) noexcept;
  LogView& operator=(LogView&&) noexcept;
  ~LogView();

  std::vector<Topic> topics() const;
  /// As they are stored: a program stores what it has handled after a while.
  Result<std::vector<Group>> groups() const;
  /// Up to `most` events from a position on; none at the end. NOT_FOUND: no such topic.
  Result<std::vector<Delivery>> read(const std::string& topic, std::uint64_t from,
                                     std::size_t most) const;
  /// The first event stored at this time (milliseconds since 1970) or later.
  Result<std::uint64_t> position_at(const std::string& topic, std::int64_t time) const;
  /// Sees the events that have come since to the topics that there were.
  Status refresh();

 private:
  struct State;
  explicit LogView(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Has a group go on at another place of a topic: it gets the events from there on again, also
/// those that it has handled. No program may have the log open. NOT_FOUND: no such topic.
Status replay(LogOptions options, const std::string& topic, const std::string& group,
              StartAt start);

}  // namespace weft::messaging
