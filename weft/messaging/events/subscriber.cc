#include "weft/messaging/events/subscriber.h"

#include "weft/messaging/events/internal/event_transport.h"

namespace weft::messaging {
namespace {

ServerOptions server_options(const SubscriberOptions& options) {
  ServerOptions server;
  if (options.loop != nullptr) server.loops = {options.loop};
  server.health = false;
  server.reflection = false;
  return server;
}

}  // namespace

Subscriber::Subscriber(SubscriberOptions options)
    : counts_(std::make_shared<internal::Counts>()), server_(server_options(options)) {
  server_.add(internal::make_event_transport(std::move(options), counts_));
}

SubscriberStats Subscriber::stats() const noexcept {
  return {.acknowledged = counts_->acknowledged.load(std::memory_order_relaxed),
          .retries = counts_->retries.load(std::memory_order_relaxed),
          .dead_letters = counts_->dead_letters.load(std::memory_order_relaxed),
          .held = counts_->held.load(std::memory_order_relaxed)};
}

int run(Subscriber& subscriber) { return run(subscriber.server_); }

std::unique_ptr<rpc::Transport> event_transport(SubscriberOptions options) {
  return internal::make_event_transport(std::move(options), std::make_shared<internal::Counts>());
}

}  // namespace weft::messaging
