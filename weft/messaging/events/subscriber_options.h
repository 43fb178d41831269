#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/messaging/events/broker.h"
#include "weft/messaging/events/outcome.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/propagation.h"

namespace weft::messaging {

struct SubscriberOptions {
  /// The broker: "log:/var/lib/shop".
  std::string from{};
  /// A broker of your own, instead of `from`.
  std::shared_ptr<Broker> broker{};
  std::string group{};
  std::vector<std::string> topics{};
  /// For a group that is new to a topic.
  StartAt start{};

  /// The pause before an event is tried again: the first, and what each next one, longer by 1.6,
  /// grows to; give or take 20 %.
  Duration backoff = std::chrono::seconds(1);
  Duration most_backoff = std::chrono::minutes(1);
  /// After so many tries an event goes to the dead letters; 0: never.
  std::uint32_t max_tries = 10;
  /// The topic of what cannot be handled; empty: that of the event with ".dead" behind it.
  std::string dead_letters{};
  /// What becomes of an event whose type no method takes.
  enum class Unknown : std::uint8_t { DeadLetter, Skip };
  Unknown unknown_types = Unknown::DeadLetter;
  /// What a handler's status means for its event; default: outcome_of().
  std::function<Outcome(const Status&)> outcome{};

  /// Handlers at the same time, of different keys. Events without a key have no order.
  std::size_t max_handlers = 64;
  /// Events that have been read and are not settled, those that wait for a pause among them, for
  /// each topic. When there are so many, no more are read.
  std::size_t max_held = 1024;

  /// Run on this loop instead of a thread of the subscriber's own. It must outlive it.
  net::Loop* loop = nullptr;
  /// Trace and baggage that handlers get from their events.
  PropagationOptions propagation{};
};

/// What a subscriber has done since it started. From any thread.
struct SubscriberStats {
  std::uint64_t acknowledged = 0;  ///< handled, skipped, or in the dead letters
  std::uint64_t retries = 0;       ///< tries that were followed by a pause
  std::uint64_t dead_letters = 0;
  std::uint64_t held = 0;  ///< read and not settled now
};

}  // namespace weft::messaging
