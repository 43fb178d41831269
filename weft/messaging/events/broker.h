#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/messaging/events/cloud_event.h"

namespace weft::messaging {

/// An event that a group gets.
struct Delivery {
  // No aggregate: GCC 12 destroys a temporary one twice inside a coroutine.
  Delivery() {}

  CloudEvent event{};
  /// Names the delivery to its subscription, and says where it stands in the topic: later events
  /// have larger positions.
  std::uint64_t position = 0;
  /// How often the group has tried it before.
  std::uint32_t tries = 0;
  /// It was tried by a program that has died, maybe of this event; `tries` counts that.
  bool interrupted = false;
  /// When the broker took it, in milliseconds since 1970; 0: not known.
  std::int64_t stored = 0;
};

/// Where a group begins that is new to a topic. A group that is known goes on where it was.
struct StartAt {
  enum class Kind : std::uint8_t { Oldest, Newest, Position, Time };
  Kind kind = Kind::Oldest;
  /// Position: the first event's. Time: milliseconds since 1970.
  std::int64_t value = 0;

  static constexpr StartAt oldest() noexcept { return {}; }
  /// What is published from now on.
  static constexpr StartAt newest() noexcept { return {Kind::Newest, 0}; }
  static constexpr StartAt position(std::uint64_t position) noexcept {
    return {Kind::Position, static_cast<std::int64_t>(position)};
  }
  static constexpr StartAt time(std::int64_t milliseconds) noexcept {
    return {Kind::Time, milliseconds};
  }
};

/// A group's place in a topic. Used on the loop that subscribed.
///
/// Each event comes at least once, in the topic's order, and again after a restart until it is
/// acknowledged. The subscriber keeps what it has not settled, in memory and with a bound, so a
/// subscription gives an event once while it is open.
class Subscription {
 public:
  Subscription() = default;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;

  /// Waits for events and gives the next ones, one at least and `most` at most; or ends with the
  /// reason for which its Context is cancelled: then no event is lost. Another error may be passing
  /// (UNAVAILABLE): next() is called again after a while. One call at a time.
  virtual Task<Result<std::vector<Delivery>>> next(std::size_t most) = 0;
  /// A handler is about to get the event, for the `tries`th time. A broker that keeps this counts a
  /// try that ends the program, and says so by Delivery::interrupted.
  virtual void begin(std::uint64_t position, std::uint32_t tries) {
    static_cast<void>(position);
    static_cast<void>(tries);
  }
  /// The group is done with the event: it does not come again, but after a crash that comes before
  /// this is stored, which may take a while.
  virtual void acknowledge(std::uint64_t position) = 0;
  /// The group is not done with it, and this subscriber will not be: it comes again, to this group,
  /// after `tries` tries.
  virtual void give_back(std::uint64_t position, std::uint32_t tries) = 0;
  /// Stores what was acknowledged and given back, and gives up the place. Once, with no next()
  /// under way; nothing is called after it.
  virtual Task<Status> close() = 0;
};

struct SubscriptionOptions {
  std::string topic{};
  std::string group{};
  StartAt start{};
};

/// What events go through: the embedded log is one; write another by deriving from this and
/// Subscription. Used by Publisher and Subscriber, from any loop.
///
/// It has to keep what it has acknowledged, and the order in which the events of one key were
/// published one after another. The rest is the Subscriber's: handlers, keys beside each other,
/// retries, dead letters, back-pressure (next() is called when there is room) and draining.
class Broker {
 public:
  Broker() = default;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  virtual ~Broker() = default;

  /// For messages and as the peer of calls: "log:/var/lib/shop".
  virtual std::string name() const = 0;
  /// OK once the events are stored for good, in this order; they may be stored also after an error.
  /// RESOURCE_EXHAUSTED: there is no room. UNAVAILABLE: try again. The events are valid
  /// (validate()) and outlive the Task, and so does `topic`.
  virtual Task<Status> publish(std::string_view topic, std::span<const CloudEvent> events) = 0;
  /// A place in a topic, which need not be there yet.
  virtual Task<Result<std::unique_ptr<Subscription>>> subscribe(SubscriptionOptions options) = 0;
};

/// Makes a broker of a target such as "log:/var/lib/shop".
using BrokerFactory = std::function<Result<std::shared_ptr<Broker>>(const std::string& target)>;

/// Has open_broker() use `factory` for targets of `scheme`. A component does so when it is linked.
/// From any thread.
void register_broker(std::string scheme, BrokerFactory factory);
/// The broker of a target; the same one as long as it is used. INVALID_ARGUMENT where no component
/// knows the scheme. May block for as long as opening files takes. From any thread.
Result<std::shared_ptr<Broker>> open_broker(const std::string& target);

}  // namespace weft::messaging
