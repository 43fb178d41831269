#include "weft/edge/client/internal/edge_channel.h"

#include <utility>

#include "weft/edge/client/internal/edge_attempt.h"
#include "weft/rpc/client/channel.h"

namespace weft::edge {
namespace {

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

/// How HTTP is spoken for the channel. A call has its own deadline and its own limits of size.
http1::ClientOptions http_options(const ChannelOptions& channel, const Destination& destination,
                                  const ClientTransportOptions& options) {
  http1::ClientOptions http;
  http.user_agent = channel.user_agent;
  if (channel.tls) http.tls = *channel.tls;
  http.proxy = channel.proxy;
  http.balancing = channel.balancing.policy;
  if (!channel.authority.empty()) http.targets[destination.host] = "dns:///" + destination.server;
  http.connect_timeout = channel.connect_timeout;
  http.timeout = http.response_timeout = http.stall_timeout = kForever;
  http.idle_timeout = channel.idle_timeout;
  http.max_connections = options.max_connections;
  http.max_waiting = options.max_waiting;
  http.max_origins = 1;
  return http;
}

}  // namespace

/// The end of the chain of middlewares around an attempt.
class EdgeChannel::Terminal final : public Service {
 public:
  explicit Terminal(const std::shared_ptr<EdgeChannel>& channel) noexcept : channel_(channel) {}
  Task<Status> serve(Call& call) override {
    Status valid = std::as_const(call).request_metadata().validate();
    return valid.ok() ? attempt(channel_, call) : Task<Status>(std::move(valid));
  }

 private:
  const std::shared_ptr<EdgeChannel>& channel_;
};

EdgeChannel::EdgeChannel(EdgeSetup setup, http1::ClientOptions http,
                         const rpc::ClientTransportSetup& from)
    : setup_(std::move(setup)),
      http_(std::move(http)),
      per_endpoint_(from.per_endpoint),
      peer_(Peer::Ref::make(setup_.destination.url, nullptr, Peer::Kind::Other)) {}

Task<Status> EdgeChannel::serve(Call& call) {
  return per_endpoint_.empty() ? attempt(shared_from_this(), call)
                               : serve_chain(shared_from_this(), call);
}

Task<Status> EdgeChannel::serve_chain(std::shared_ptr<EdgeChannel> self, Call& call) {
  Terminal terminal(self);
  co_return co_await self->per_endpoint_.serve(call, terminal);
}

Task<Status> EdgeChannel::attempt(std::shared_ptr<EdgeChannel> self, Call& call) {
  if (self->closed_) co_return channel_destroyed();
  call.set_peer(self->peer_);
  EdgeAttempt attempt(self->setup_, self->http_, call);
  self->attempts_.push_back(attempt);
  co_return co_await attempt.run();
}

void EdgeChannel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  while (EdgeAttempt* attempt = attempts_.pop_front()) attempt->cancel(channel_destroyed());
}

Result<std::shared_ptr<rpc::ClientTransport>> make_edge_channel(
    const rpc::ClientTransportSetup& from, const ClientTransportOptions& options) {
  const ChannelOptions& channel = from.options;
  Result<Destination> destination = read_destination(from.target, channel.authority);
  if (!destination.ok()) return destination.status();
  if (channel.tls && !destination->https) {
    return invalid_argument("ChannelOptions::tls: target " + from.target +
                            " has no TLS; it would be https in place of http");
  }
  // http1::Client connects to a server of another name than the URL's without a proxy only.
  if (!channel.authority.empty() && !channel.proxy.empty()) {
    return invalid_argument(
        "ChannelOptions::authority and ChannelOptions::proxy are both set, and a channel by "
        "Connect "
        "or gRPC-Web takes only one of them");
  }
  http1::ClientOptions http = http_options(channel, *destination, options);
  if (Status valid = http.valid(); !valid.ok()) return valid;
  EdgeSetup setup{.destination = *std::move(destination),
                  .safe_methods = options.safe_methods,
                  .accepted = channel.accepted_compressions,
                  .max_metadata_size = channel.max_metadata_size,
                  .propagation = channel.propagation};
  return std::shared_ptr<rpc::ClientTransport>(
      std::make_shared<EdgeChannel>(std::move(setup), std::move(http), from));
}

}  // namespace weft::edge
