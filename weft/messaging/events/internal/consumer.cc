#include "weft/messaging/events/internal/consumer.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/base/text/printable.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/messaging/events/internal/dead_letter.h"
#include "weft/messaging/events/internal/event_trace.h"
#include "weft/messaging/events/received_event.h"
#include "weft/messaging/events/requeue.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::messaging::internal {
namespace {

/// Read at once.
constexpr std::size_t kMostBatch = 256;

void warn(const std::string& text) {
  static constinit LogLimit limit(5);
  log(limit, LogLevel::Warn, text);
}

/// Has a call, which is a root so that it can have its event's trace, end with a scope.
class CancelsCall final : private CancelHook {
 public:
  CancelsCall(Context& scope, Call& call) noexcept
      : CancelHook([](CancelHook& hook, const Status& reason) noexcept {
          static_cast<CancelsCall&>(hook).call_.context().cancel(reason);
        }),
        call_(call) {
    if (!scope.add_hook(*this)) call.context().cancel(scope.cancel_reason());
  }

 private:
  Call& call_;
};

}  // namespace

Consumer::Consumer(ConsumerSetup& setup, Semaphore& handlers, std::string topic)
    : setup_(setup), handlers_(handlers), topic_(std::move(topic)) {}

void Consumer::drain() noexcept { waiting_.cancel(cancelled("the subscriber stops")); }

void Consumer::cancel(const Status& reason) noexcept { lanes_.cancel(reason); }

Task<> Consumer::run() {
  const Status subscribed = co_await subscribe().in(waiting_);
  if (subscribed.ok()) {
    static_cast<void>(co_await read().in(waiting_));
    co_await lanes_.join();
    const Status closed = co_await subscription_->close();
    if (!closed.ok()) {
      log(LogLevel::Error, "events of " + topic_ + ": what group " + setup_.options.group +
                               " has done may come again: " + closed.to_string());
    }
  }
  co_await lanes_.join();
}

/// Logs a failure of the broker, and waits.
Task<Status> Consumer::pause_after(const Status& failure, Duration pause) {
  warn("events of " + topic_ + " for group " + setup_.options.group + ": " + failure.to_string() +
       "; tried again in " + to_string(pause));
  return net::sleep(pause);
}

Task<Status> Consumer::subscribe() {
  cluster::Backoff backoff(setup_.loop.rng(), setup_.options.backoff, setup_.options.most_backoff);
  while (true) {
    SubscriptionOptions options;
    options.topic = topic_;
    options.group = setup_.options.group;
    options.start = setup_.options.start;
    Result<std::unique_ptr<Subscription>> made =
        co_await setup_.broker->subscribe(std::move(options));
    if (made.ok()) {
      subscription_ = *std::move(made);
      co_return Status();
    }
    if (draining()) co_return made.status();
    Status waited = co_await pause_after(made.status(), backoff.next());
    if (!waited.ok()) co_return waited;
  }
}

Task<Status> Consumer::read() {
  cluster::Backoff backoff(setup_.loop.rng(), setup_.options.backoff, setup_.options.most_backoff);
  while (!draining()) {
    if (held_ >= setup_.options.max_held) {
      room_.reset();
      static_cast<void>(co_await room_.wait());
      continue;
    }
    Result<std::vector<Delivery>> batch =
        co_await subscription_->next(std::min(kMostBatch, setup_.options.max_held - held_));
    if (batch.ok()) {
      backoff.reset();
      for (Delivery& delivery : *batch) accept(std::move(delivery));
    } else if (!draining()) {
      static_cast<void>(co_await pause_after(batch.status(), backoff.next()));
    }
  }
  co_return Status();
}

void Consumer::accept(Delivery delivery) {
  ++held_;
  setup_.counts->held.fetch_add(1, std::memory_order_relaxed);
  if (delivery.event.key.empty()) return lanes_.spawn(run_alone(std::move(delivery)));
  std::string key = delivery.event.key;
  const auto [lane, fresh] = by_key_.try_emplace(key);
  lane->second.push_back(std::move(delivery));
  if (fresh) lanes_.spawn(run_lane(std::move(key), &lane->second));
}

Task<> Consumer::run_lane(std::string key, Lane* lane) {
  while (!lane->empty()) {
    co_await settle(lane->front());
    lane->pop_front();
    release_one();
  }
  by_key_.erase(key);
}

Task<> Consumer::run_alone(Delivery delivery) {
  co_await settle(delivery);
  release_one();
}

void Consumer::release_one() {
  --held_;
  setup_.counts->held.fetch_sub(1, std::memory_order_relaxed);
  room_.set();
}

void Consumer::acknowledge(const Delivery& delivery) {
  subscription_->acknowledge(delivery.position);
  setup_.counts->acknowledged.fetch_add(1, std::memory_order_relaxed);
}

Outcome Consumer::outcome_of(const Status& status) const {
  return setup_.options.outcome ? setup_.options.outcome(status)
                                : messaging::outcome_of(status.code());
}

/// Until the event is acknowledged or given back.
Task<> Consumer::settle(Delivery& delivery) {
  const SubscriberOptions& options = setup_.options;
  cluster::Backoff backoff(setup_.loop.rng(), options.backoff, options.most_backoff);
  while (true) {
    Status status;
    Outcome outcome = Outcome::DeadLetter;
    if (delivery.interrupted && tried_enough(delivery)) {
      status = internal_error("the program ended while it handled the event");
    } else {
      const bool tried = co_await try_once(delivery, status);
      if (!tried) break;
      outcome = outcome_of(status);
      if (outcome == Outcome::Acknowledge) co_return acknowledge(delivery);
      ++delivery.tries;
    }
    if (outcome == Outcome::DeadLetter || tried_enough(delivery)) {
      const bool buried = co_await bury(delivery, status, delivery.tries).in(waiting_);
      if (!buried) break;
      co_return acknowledge(delivery);
    }
    setup_.counts->retries.fetch_add(1, std::memory_order_relaxed);
    const Duration pause = backoff.next();
    warn("event " + printable(delivery.event.id) + " of " + topic_ + ": try " +
         std::to_string(delivery.tries) + " failed: " + status.to_string() + "; tried again in " +
         to_string(pause));
    const Status waited = co_await net::sleep(pause).in(waiting_);
    if (!waited.ok()) break;
  }
  subscription_->give_back(delivery.position, delivery.tries);
}

/// False where it was not tried, or a stop has cancelled it: then it has not failed.
Task<bool> Consumer::try_once(const Delivery& delivery, Status& status) {
  Result<Semaphore::Permit> alone = Semaphore::Permit();
  if (delivery.interrupted) alone = co_await acquire(interrupted_).in(waiting_);
  if (!alone.ok()) co_return false;
  const Result<Semaphore::Permit> permit = co_await acquire(handlers_).in(waiting_);
  if (!permit.ok()) co_return false;
  subscription_->begin(delivery.position, delivery.tries + 1);
  status = co_await handle(delivery, delivery.tries);
  co_return status.ok() || !lanes_.context().is_cancelled();
}

bool Consumer::tried_enough(const Delivery& delivery) const noexcept {
  const std::uint32_t most = setup_.options.max_tries;
  return most != 0 && delivery.tries >= most;
}

Task<Result<Semaphore::Permit>> Consumer::acquire(Semaphore& permits) {
  if (draining()) co_return waiting_.cancel_reason();
  co_return co_await permits.acquire();
}

Task<Status> Consumer::handle(const Delivery& delivery, std::uint32_t tries) {
  const std::string* const only = delivery.event.find(kForGroup);
  if (only != nullptr && *only != setup_.options.group) return Status();
  const MethodDescriptor* const method = setup_.methods.find(delivery.event.type);
  if (method != nullptr) return call(delivery, tries, *method);
  if (setup_.options.unknown_types == SubscriberOptions::Unknown::Skip) return Status();
  return unimplemented("no method takes events of type '" + printable(delivery.event.type) + "'");
}

Task<Status> Consumer::call(const Delivery& delivery, std::uint32_t tries,
                            const MethodDescriptor& method) {
  Call call(Call::Side::Server, setup_.loop, method.path, nullptr, nullptr);
  call.set_started(setup_.loop.now());
  const Metadata trace = trace_metadata(delivery.event);
  const std::unique_ptr<const Context> carried =
      trace.empty() ? nullptr : extract_context(setup_.options.propagation, trace);
  if (carried != nullptr) call.context().receive(*carried);
  const CancelsCall cancels(lanes_.context(), call);
  rpc::SingleRequest request{Message(delivery.event.data)};
  rpc::SingleResponse response;
  call.set_requests(request);
  call.set_responses(response);
  call.set_peer(setup_.peer);
  call.attach(
      ReceivedEvent{&delivery.event, topic_, setup_.options.group, delivery.position, tries});
  co_return co_await setup_.dispatcher->serve(call).in(call.context());
}

/// Until the dead letters have the event; false where the consumer drains before that.
Task<bool> Consumer::bury(const Delivery& delivery, const Status& cause, std::uint32_t tries) {
  const SubscriberOptions& options = setup_.options;
  const std::string topic = options.dead_letters.empty() ? topic_ + ".dead" : options.dead_letters;
  const std::array<CloudEvent, 1> letter = {
      dead_letter(delivery, cause, tries, topic_, options.group)};
  cluster::Backoff backoff(setup_.loop.rng(), options.backoff, options.most_backoff);
  while (true) {
    const Status stored = co_await setup_.broker->publish(topic, letter);
    if (stored.ok()) break;
    if (draining()) co_return false;
    static_cast<void>(co_await pause_after(stored.with_prefix("dead letters"), backoff.next()));
  }
  setup_.counts->dead_letters.fetch_add(1, std::memory_order_relaxed);
  warn("event " + printable(delivery.event.id) + " of " + topic_ + " is in " + topic + " after " +
       std::to_string(tries) + " tries: " + cause.to_string());
  co_return true;
}

}  // namespace weft::messaging::internal
