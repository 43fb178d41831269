#include "weft/messaging/events/internal/event_transport.h"

#include <string>
#include <utility>
#include <vector>

#include "weft/base/function.h"

namespace weft::messaging::internal {
namespace {

/// The consumers of a subscriber, on their loop. Kept by itself while they run.
class Consumers : public std::enable_shared_from_this<Consumers> {
 public:
  explicit Consumers(ConsumerSetup setup)
      : setup_(std::move(setup)), handlers_(setup_.options.max_handlers) {}

  net::Loop& loop() const noexcept { return setup_.loop; }
  void start() {
    self_ = shared_from_this();
    setup_.peer = Peer::Ref::make(setup_.broker->name());
    for (const std::string& topic : setup_.options.topics) {
      consumers_.push_back(std::make_unique<Consumer>(setup_, handlers_, topic));
    }
    for (const auto& consumer : consumers_) running_.spawn(consumer->run());
    ending_ = running_.join();
    ending_.start(nullptr,
                  {.function = [](void* of) noexcept { static_cast<Consumers*>(of)->ended(); },
                   .argument = this});
  }
  void drain(UniqueFunction<void()> idle) {
    idle_ = std::move(idle);
    for (const auto& consumer : consumers_) consumer->drain();
    if (over_) become_idle();
  }
  void cancel(const Status& reason) {
    for (const auto& consumer : consumers_) consumer->cancel(reason);
  }

 private:
  void ended() noexcept {
    over_ = true;
    setup_.peer = {};
    if (idle_) become_idle();
  }
  /// A coroutine of running_ may be on the stack below.
  void become_idle() {
    setup_.loop.post(
        [self = std::move(self_), idle = std::exchange(idle_, {})]() mutable { idle(); });
  }

  ConsumerSetup setup_;
  Semaphore handlers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  Scope running_{nullptr};
  Task<> ending_;
  bool over_ = false;
  UniqueFunction<void()> idle_;
  std::shared_ptr<Consumers> self_;
};

Status check(const SubscriberOptions& options) {
  Status status = validate_name("group", options.group);
  for (const std::string& topic : options.topics) {
    if (status.ok()) status = validate_name("topic", topic);
  }
  if (status.ok() && !options.dead_letters.empty()) {
    status = validate_name("topic", options.dead_letters);
  }
  if (!status.ok()) return status;
  if (options.topics.empty()) return invalid_argument("SubscriberOptions::topics names none");
  if (options.max_handlers == 0 || options.max_held == 0 || options.backoff <= Duration::zero() ||
      options.most_backoff <= Duration::zero()) {
    return invalid_argument(
        "SubscriberOptions: max_handlers, max_held, backoff and most_backoff must be more than 0");
  }
  return {};
}

class EventTransport final : public rpc::Transport {
 public:
  EventTransport(SubscriberOptions options, std::shared_ptr<Counts> counts)
      : options_(std::move(options)), counts_(std::move(counts)) {}

  std::string name() const override { return "events of group " + options_.group; }

  Status start(const std::shared_ptr<rpc::Dispatcher>& dispatcher,
               std::span<net::Loop* const> loops) override {
    Status valid = check(options_);
    if (!valid.ok()) return valid.with_prefix("cannot subscribe");
    std::shared_ptr<Broker> broker = options_.broker;
    if (broker == nullptr) {
      Result<std::shared_ptr<Broker>> opened = open_broker(options_.from);
      if (!opened.ok()) return opened.status().with_prefix("cannot subscribe");
      broker = *std::move(opened);
    }
    Result<EventMethods> methods = EventMethods::of(dispatcher->services());
    if (!methods.ok()) return methods.status().with_prefix("cannot subscribe");
    net::Loop& loop = *loops.front();
    consumers_ = std::make_shared<Consumers>(ConsumerSetup{.options = options_,
                                                           .broker = std::move(broker),
                                                           .dispatcher = dispatcher,
                                                           .methods = *std::move(methods),
                                                           .loop = loop,
                                                           .peer = {},
                                                           .counts = counts_});
    loop.post([consumers = consumers_] { consumers->start(); });
    return {};
  }
  void drain(UniqueFunction<void()> idle) noexcept override {
    consumers_->loop().post([consumers = consumers_, idle = std::move(idle)]() mutable {
      consumers->drain(std::move(idle));
    });
  }
  void cancel_all(const Status& reason) noexcept override {
    if (consumers_ == nullptr) return;
    consumers_->loop().post([consumers = consumers_, reason] { consumers->cancel(reason); });
  }

 private:
  const SubscriberOptions options_;
  const std::shared_ptr<Counts> counts_;
  std::shared_ptr<Consumers> consumers_;  // since start()
};

}  // namespace

std::unique_ptr<rpc::Transport> make_event_transport(SubscriberOptions options,
                                                     std::shared_ptr<Counts> counts) {
  return std::make_unique<EventTransport>(std::move(options), std::move(counts));
}

}  // namespace weft::messaging::internal
