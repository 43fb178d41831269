#include "weft/messaging/events/requeue.h"

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/base/text/printable.h"
#include "weft/messaging/events/internal/dead_letter.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"

namespace weft::messaging {
namespace {

constexpr std::size_t kMostBatch = 100;

/// What comes before `idle` is over; DEADLINE_EXCEEDED where nothing does.
Task<Result<std::vector<Delivery>>> next_within(Subscription& place, Duration idle) {
  return net::with_deadline(after(net::Loop::current()->now(), idle), place.next(kMostBatch));
}

/// False where the letter stays.
Task<Result<bool>> publish_again(Broker& broker, const Delivery& letter) {
  CloudEvent event = letter.event;
  const std::string topic = internal::revive(event);
  if (topic.empty()) {
    log(LogLevel::Warn, "dead letter " + printable(event.id) +
                            " does not say which topic and group it is from; it is not requeued");
    co_return false;
  }
  const std::span<const CloudEvent> one(&event, 1);
  const Status stored = co_await broker.publish(topic, one);
  if (!stored.ok()) co_return stored;
  co_return true;
}

Task<Result<std::size_t>> requeue_all(Broker& broker, Subscription& place, Duration idle) {
  std::size_t count = 0;
  while (true) {
    const Result<std::vector<Delivery>> batch = co_await next_within(place, idle);
    if (batch.status().code() == StatusCode::DeadlineExceeded) co_return count;
    if (!batch.ok()) co_return batch.status();
    for (const Delivery& letter : *batch) {
      const Result<bool> published = co_await publish_again(broker, letter);
      if (!published.ok()) co_return published.status();
      place.acknowledge(letter.position);
      if (*published) ++count;
    }
  }
}

}  // namespace

Task<Result<std::size_t>> requeue(Broker& broker, RequeueOptions options) {
  SubscriptionOptions subscription;
  subscription.topic = options.dead_letters;
  subscription.group = "requeue";
  Result<std::unique_ptr<Subscription>> place = co_await broker.subscribe(std::move(subscription));
  if (!place.ok()) co_return place.status();
  Result<std::size_t> count = co_await requeue_all(broker, **place, options.idle);
  const Status closed = co_await (*place)->close();
  if (count.ok() && !closed.ok()) co_return closed;
  co_return count;
}

}  // namespace weft::messaging
