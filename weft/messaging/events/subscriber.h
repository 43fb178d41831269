#pragma once

#include <memory>
#include <utility>

#include "weft/messaging/events/subscriber_options.h"
#include "weft/rpc/server/server.h"

namespace weft::messaging {

namespace internal {
struct Counts;
}  // namespace internal

/// Has the events of topics handled by the methods of services, for a group:
///
///     Subscriber in{{.from = "log:/var/lib/shop", .group = "billing", .topics = {"orders"}}};
///     in.use(timeout(20s));
///     in.add<Billing>();
///     return run(in);  // drains on SIGTERM
///
/// An event goes to the unary method whose request is of the event's type and whose response is
/// google.protobuf.Empty. Each event is handled at least once; the events of a key one after
/// another in their order, those of different keys beside each other. The handler's status decides
/// what becomes of it, see outcome_of(). received_event() gives the handler the event itself, for
/// Barrier::once(), which has it take effect once.
///
/// Set up from one thread, then start(). stop() reads no more, lets handlers end, gives back what
/// waits, and stores what was done; from any thread.
class Subscriber {
 public:
  explicit Subscriber(SubscriberOptions options);

  /// Adds a middleware around every event's call; the first is the outermost.
  void use(Middleware middleware) { server_.use(std::move(middleware)); }
  /// Makes and adds a service.
  template <class T, class... Args>
  T& add(Args&&... args) {
    return server_.add<T>(std::forward<Args>(args)...);
  }
  void add(std::shared_ptr<ServiceDefinition> service) { server_.add(std::move(service)); }
  /// Adds an observer of the events' calls: telemetry.
  void add(std::shared_ptr<Observer> observer) { server_.add(std::move(observer)); }

  /// Opens the broker and begins to read. The error names the cause: a broker that cannot be
  /// opened, no method that takes events, two that take the same. A broker that cannot be reached
  /// is tried again, with a line in the log.
  Status start() { return server_.start(); }
  /// As Server::stop(): handlers have `grace` to end, then they are cancelled and their events
  /// given back.
  void stop(Duration grace = std::chrono::seconds(10)) { server_.stop(grace); }
  Task<> shutdown(Duration grace = std::chrono::seconds(10)) { return server_.shutdown(grace); }
  /// Blocks until the subscriber has stopped.
  void wait() { server_.wait(); }

  SubscriberStats stats() const noexcept;

 private:
  friend int run(Subscriber& subscriber);
  std::shared_ptr<internal::Counts> counts_;
  Server server_;
};

/// As run(Server&): until SIGTERM, SIGINT or a stop from elsewhere; drains.
int run(Subscriber& subscriber);

/// Brings a group's events to a server, beside its calls: server.add(event_transport({...})).
/// SubscriberOptions::loop is ignored: they come on the server's first loop.
std::unique_ptr<rpc::Transport> event_transport(SubscriberOptions options);

}  // namespace weft::messaging
