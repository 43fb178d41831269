#include "weft/messaging/events/publisher.h"

#include <optional>
#include <string_view>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "weft/codec/protobuf.h"
#include "weft/messaging/events/internal/event_methods.h"
#include "weft/messaging/events/internal/event_trace.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call.h"
#include "weft/storage/event/uuid.h"

namespace weft::messaging {
namespace {

constexpr std::string_view kKeyMetadata = "weft-event-key";

}  // namespace

Publisher::Publisher(PublisherOptions options)
    : options_(std::move(options)), broker_(options_.broker) {
  status_ = validate_name("topic", options_.topic);
  if (!status_.ok() || broker_ != nullptr) return;
  Result<std::shared_ptr<Broker>> opened = open_broker(options_.to);
  if (opened.ok()) {
    broker_ = *std::move(opened);
  } else {
    status_ = std::move(opened).status();
  }
}

Status Publisher::complete(CloudEvent& event, const Context* context) const {
  if (event.source.empty()) event.source = options_.source;
  if (event.id.empty()) event.id = events::random_uuid(net::Loop::current()->rng());
  if (event.time == 0) event.time = internal::wall_time();
  if (context != nullptr) internal::add_trace(options_.propagation, *context, event);
  return validate(event);
}

Task<Status> Publisher::publish(std::vector<CloudEvent> events) {
  if (!status_.ok()) co_return status_;
  Context* const context = co_await coro::CurrentContext();
  for (CloudEvent& event : events) {
    Status valid = complete(event, context);
    if (!valid.ok()) co_return valid;
  }
  co_return co_await broker_->publish(options_.topic, events);
}

Task<Status> Publisher::publish(CloudEvent event) {
  if (!status_.ok()) co_return status_;
  Context* const context = co_await coro::CurrentContext();
  Status valid = complete(event, context);
  if (!valid.ok()) co_return valid;
  const std::span<const CloudEvent> one(&event, 1);
  co_return co_await broker_->publish(options_.topic, one);
}

Task<Status> Publisher::publish(const google::protobuf::MessageLite& message, std::string key) {
  const Message data = codec::message_of(message);
  // What protobuf cannot write is larger as well.
  if (data.size() > kMostEventData) return too_large_event_data(data.size());
  CloudEvent event;
  event.type = message.GetTypeName();
  event.key = std::move(key);
  event.data = data.to_bytes();
  return publish(std::move(event));
}

Task<Status> Publisher::serve(Call& call) {
  call.watch_deadline();
  Result<std::string> type = internal::event_type_of(call.path());
  if (!type.ok()) co_return std::move(type).status();
  const std::optional<Message> request = co_await call.requests().read();
  if (!request) co_return internal_error("the call has no request");
  if (request->size() > kMostEventData) co_return too_large_event_data(request->size());
  CloudEvent event;
  event.type = *std::move(type);
  event.data = request->to_bytes();
  const auto key = std::as_const(call).request_metadata().get(kKeyMetadata);
  if (key) event.key = *key;
  Status stored = co_await publish(std::move(event));
  if (!stored.ok()) co_return stored;
  const Message empty = Message(Bytes()).mark_last();
  static_cast<void>(co_await call.responses().write(empty));
  co_return Status();
}

}  // namespace weft::messaging
