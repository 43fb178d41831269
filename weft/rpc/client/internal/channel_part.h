#pragma once

#include <memory>
#include <string>

#include "weft/rpc/call/service.h"
#include "weft/rpc/client/client_transport.h"
#include "weft/rpc/client/internal/loop_channel.h"

namespace weft::rpc {

/// A channel's part on one loop: its middlewares, and behind them its transport.
class ChannelPart final : public Service, public std::enable_shared_from_this<ChannelPart> {
 public:
  ChannelPart(net::Loop& loop, const ChannelSetup& setup);

  /// The middlewares, then serve(). Those that run when the channel is destroyed go on, so the
  /// chain is this object's own.
  Task<Status> serve_chain(Call& call) {
    if (observer_ != nullptr) [[unlikely]]
      return run_observed(shared_from_this(), call);
    return middlewares_.empty() ? serve(call) : run_chain(shared_from_this(), call);
  }
  /// INVALID_ARGUMENT for metadata that may not be sent, whoever has added it.
  Task<Status> serve(Call& call) override;
  Task<Status> connect();
  void set_balancing(const BalancingOptions& balancing);
  void close() noexcept;

 private:
  static Task<Status> run_chain(std::shared_ptr<ChannelPart> self, Call& call);
  static Task<Status> run_observed(std::shared_ptr<ChannelPart> self, Call& call);
  Task<Status> serve_observed(Call& call);

  const std::string target_;
  MiddlewareChain middlewares_;
  const std::shared_ptr<Observer> observer_;
  std::shared_ptr<ClientTransport> transport_;
  LoopChannel* http2_ = nullptr;  // the transport, where it is that
  Status unusable_;               // where there is no transport: why
};

}  // namespace weft::rpc
