#include "weft/rpc/client/internal/channel_part.h"

#include <utility>

#include "weft/rpc/call/internal/observed_call.h"

namespace weft::rpc {

[[gnu::cold]] ChannelPart::ChannelPart(net::Loop& loop, const ChannelSetup& setup)
    : target_(setup.target), middlewares_(setup.middlewares), observer_(setup.observer) {
  if (!setup.transport) {
    auto http2 = std::make_shared<LoopChannel>(loop, setup);
    http2_ = http2.get();
    transport_ = std::move(http2);
    return;
  }
  Result<std::shared_ptr<ClientTransport>> made =
      setup.transport({.loop = loop,
                       .target = target_,
                       .options = setup.options,
                       .per_endpoint = setup.per_endpoint});
  if (made.ok()) {
    transport_ = *std::move(made);
  } else {
    unusable_ = std::move(made).status();
  }
}

Task<Status> ChannelPart::run_chain(std::shared_ptr<ChannelPart> self, Call& call) {
  co_return co_await self->middlewares_.serve(call, *self);
}

Task<Status> ChannelPart::run_observed(std::shared_ptr<ChannelPart> self, Call& call) {
  ObservedCall observed(*self->observer_, call);
  Status status = co_await self->middlewares_.serve(call, *self);
  observed.end(status);
  co_return status;
}

/// The chain's end, of a call that is observed. It has the channel.
Task<Status> ChannelPart::serve_observed(Call& call) {
  // Others than HTTP/2 do not say how often they send a call.
  ObservedAttempt observed(
      *observer_, call, http2_ == nullptr ? 1 : 0,
      http2_ == nullptr ? CountedMessages::Wire::None : CountedMessages::Wire::Framed);
  Status status = co_await transport_->serve(call);
  observed.end(status);
  co_return status;
}

/// Middlewares have added their metadata by now, which is checked like the caller's own.
Task<Status> ChannelPart::serve(Call& call) {
  if (transport_ == nullptr) [[unlikely]]
    return Status(unusable_);
  Status valid = std::as_const(call).request_metadata().validate();
  if (!valid.ok()) return valid;
  return observer_ == nullptr ? transport_->serve(call) : serve_observed(call);
}

Task<Status> ChannelPart::connect() {
  return transport_ == nullptr ? Task<Status>(Status(unusable_)) : transport_->connect();
}

void ChannelPart::set_balancing(const BalancingOptions& balancing) {
  if (http2_ != nullptr) http2_->set_balancing(balancing);
}

void ChannelPart::close() noexcept {
  if (transport_ != nullptr) transport_->close();
}

}  // namespace weft::rpc
