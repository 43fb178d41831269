#include "weft/messaging/nats/internal/server/server_transport.h"

#include <utility>

#include "weft/messaging/nats/internal/setup.h"

namespace weft::nats {
namespace {

/// Calls a function when the last part that has a share of it is idle.
class WhenAllIdle {
 public:
  explicit WhenAllIdle(UniqueFunction<void()> idle) noexcept : idle_(std::move(idle)) {}
  WhenAllIdle(const WhenAllIdle&) = delete;
  WhenAllIdle& operator=(const WhenAllIdle&) = delete;
  ~WhenAllIdle() { idle_(); }

 private:
  UniqueFunction<void()> idle_;
};

}  // namespace

ServerTransport::ServerTransport(std::string address, Options options)
    : address_(std::move(address)), options_(std::move(options)) {}

std::string ServerTransport::name() const {
  const Result<Destination> to = Destination::parse(address_);
  if (!to.ok()) return "nats";
  Setup setup;
  setup.to = *to;
  return setup.name();
}

Status ServerTransport::start(const std::shared_ptr<rpc::Dispatcher>& dispatcher,
                              std::span<net::Loop* const> loops) {
  const rpc::CallRules& rules = dispatcher->rules();
  Result<std::shared_ptr<const Setup>> setup = make_setup(
      address_, options_, largest_message(rules.max_receive_size, rules.max_metadata_size));
  if (!setup.ok()) return setup.status().with_prefix("cannot listen");
  parts_.clear();
  for (net::Loop* loop : loops) {
    parts_.push_back(std::make_shared<ServerPart>(*loop, *setup, dispatcher));
    loop->post([part = parts_.back()] { part->open(); });
  }
  return {};
}

void ServerTransport::drain(UniqueFunction<void()> idle) noexcept {
  const auto all = std::make_shared<WhenAllIdle>(std::move(idle));
  for (const auto& part : parts_) {
    part->loop().post([part, all] { part->drain([all] {}); });
  }
}

void ServerTransport::cancel_all(const Status& reason) noexcept {
  for (const auto& part : parts_) {
    part->loop().post([part, reason] { part->cancel_all(reason); });
  }
}

std::string ServerTransport::describe_calls(const net::Loop& loop) {
  for (const auto& part : parts_) {
    if (&part->loop() == &loop) return part->describe_calls();
  }
  return {};
}

}  // namespace weft::nats
