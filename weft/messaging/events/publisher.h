#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/messaging/events/broker.h"
#include "weft/messaging/events/cloud_event.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/call/service.h"
#include "weft/storage/event/event.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace weft::messaging {

struct PublisherOptions {
  /// The broker: "log:/var/lib/shop".
  std::string to{};
  /// A broker of your own, instead of `to`.
  std::shared_ptr<Broker> broker{};
  std::string topic{};
  /// CloudEvents' `source` of the events that have none: "shop/orders".
  std::string source{};
  /// Trace and baggage that the events get from the Context in which they are published.
  PropagationOptions propagation{};
};

/// Publishes events to a topic. A status is OK once the broker has stored the event for good; after
/// another one it may be stored as well, so what is tried again may come twice, with the same id
/// where the caller gives it.
///
///     Publisher orders{{.to = "log:/var/lib/shop", .topic = "orders", .source = "shop/orders"}};
///     Status stored = co_await orders.publish(paid, paid.order_id());
///
/// It is a Service, so that a generated client publishes by its methods, whose response is
/// google.protobuf.Empty; the key is the metadata `weft-event-key`:
///
///     OrderEventsClient events(orders);
///     Result<Empty> stored = co_await events.Paid(paid, {.metadata = &key});
///
/// and an EventSink, to which an Outbox relays. From any loop; it outlives what it publishes.
class Publisher final : public Service, public events::EventSink {
 public:
  /// Opens the broker, which may block for as long as opening files takes; where that fails,
  /// status() says why and nothing can be published.
  explicit Publisher(PublisherOptions options);

  const Status& status() const noexcept { return status_; }
  const std::shared_ptr<Broker>& broker() const noexcept { return broker_; }

  /// An event whose data is `message`, and whose type is the full name of the message's type.
  Task<Status> publish(const google::protobuf::MessageLite& message, std::string key = {});
  /// Sets what is empty: source, id (a random UUID), time, trace. INVALID_ARGUMENT: validate().
  Task<Status> publish(CloudEvent event);
  /// Several events, stored in this order; cheaper than one by one.
  Task<Status> publish(std::vector<CloudEvent> events);
  /// For an Outbox.
  Task<Status> publish(const events::Event& event) override { return publish(CloudEvent(event)); }
  /// For generated clients.
  Task<Status> serve(Call& call) override;

 private:
  Status complete(CloudEvent& event, const Context* context) const;

  const PublisherOptions options_;
  std::shared_ptr<Broker> broker_;
  Status status_;
};

}  // namespace weft::messaging
