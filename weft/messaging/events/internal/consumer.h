#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/coro/task.h"
#include "weft/messaging/events/broker.h"
#include "weft/messaging/events/internal/event_methods.h"
#include "weft/messaging/events/subscriber_options.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::messaging::internal {

/// SubscriberStats while they are counted; written on one loop.
struct Counts {
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> dead_letters{0};
  std::atomic<std::uint64_t> held{0};
};

/// What the consumers of one subscriber share; outlives them.
struct ConsumerSetup {
  SubscriberOptions options;
  std::shared_ptr<Broker> broker;
  std::shared_ptr<rpc::Dispatcher> dispatcher;
  EventMethods methods;
  net::Loop& loop;
  Peer::Ref peer;  // made and released on the loop
  std::shared_ptr<Counts> counts;
};

/// Moves the events of one topic through the handlers:
///
///   subscribing ──▶ reading ──drain()──▶ finishing ──▶ closed
///
/// Each key has a lane, in which its events are handled one after another:
///
///   waits for a permit ──▶ handled ──OK──────────▶ acknowledged, next of the key
///            ▲                │ └─would not help─▶ dead letters ──▶ acknowledged
///            └────pause◀──────┘may pass
///
/// Events that a program may have died of (Delivery::interrupted) are handled one at a time, and
/// are dead letters after max_tries. An event that waits is given back when the consumer drains.
/// Used on one loop.
class Consumer {
 public:
  /// `handlers`: a permit for each handler that runs.
  Consumer(ConsumerSetup& setup, Semaphore& handlers, std::string topic);
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Until drain(), and then until all that was begun has ended and the place is stored.
  Task<> run();
  /// Reads no more, finishes what handlers have begun, and gives the rest back.
  void drain() noexcept;
  /// After drain(): cancels the handlers.
  void cancel(const Status& reason) noexcept;

 private:
  using Lane = std::deque<Delivery>;

  Task<Status> subscribe();
  Task<Status> read();
  Task<Status> pause_after(const Status& failure, Duration pause);
  void accept(Delivery delivery);
  Task<> run_lane(std::string key, Lane* lane);
  Task<> run_alone(Delivery delivery);
  Task<> settle(Delivery& delivery);
  Task<bool> try_once(const Delivery& delivery, Status& status);
  bool tried_enough(const Delivery& delivery) const noexcept;
  Task<Result<Semaphore::Permit>> acquire(Semaphore& permits);
  Task<Status> handle(const Delivery& delivery, std::uint32_t tries);
  Task<Status> call(const Delivery& delivery, std::uint32_t tries, const MethodDescriptor& method);
  Task<bool> bury(const Delivery& delivery, const Status& cause, std::uint32_t tries);
  Outcome outcome_of(const Status& status) const;
  void acknowledge(const Delivery& delivery);
  void release_one();
  bool draining() const noexcept { return waiting_.is_cancelled(); }

  ConsumerSetup& setup_;
  Semaphore& handlers_;
  const std::string topic_;
  std::unique_ptr<Subscription> subscription_;
  Context waiting_;  // of what ends when the consumer drains: reading, pauses
  Scope lanes_{nullptr};
  std::map<std::string, Lane> by_key_;
  Semaphore interrupted_{1};  // so that the program dies with one of them only
  std::size_t held_ = 0;
  Event room_;
};

}  // namespace weft::messaging::internal
