#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/service.h"

namespace weft {
struct ChannelOptions;
}

namespace weft::rpc {

/// Carries the calls of a channel on one loop: the end of the chain behind its middlewares; their
/// metadata has been checked. HTTP/2 is one, `inproc:` another.
///
/// Made when the loop makes the channel's first call, used on that loop's thread only. serve()
/// sends a call's requests() as they come, gives what is answered to its responses(), announces the
/// response's metadata, and ends with its status: also when the call's context is cancelled, by the
/// deadline for one, for which it calls Call::watch_deadline().
class ClientTransport : public Service {
 public:
  /// Makes ready what the first call needs; not OK: why there is nothing.
  virtual Task<Status> connect() { return Status(); }
  /// The channel is destroyed: ends every call with CANCELLED. This may live on until those have.
  virtual void close() noexcept = 0;
};

/// What a ClientTransport is made for.
struct ClientTransportSetup {
  net::Loop& loop;
  /// The channel's target, which this outlives.
  const std::string& target;
  const ChannelOptions& options;
  /// Middlewares around each attempt of a call (Channel::use_per_endpoint()); a transport that
  /// chooses no instances runs them around each call.
  const MiddlewareChain& per_endpoint;
};

/// Makes a channel's transport on a loop, or returns what is wrong with its target or its options:
/// the channel's calls end with that status.
using ClientTransportFactory =
    std::function<Result<std::shared_ptr<ClientTransport>>(const ClientTransportSetup& setup)>;

/// Has channels whose target is `scheme:...` use it, where they are made afterwards; in place of
/// what there was for that scheme. A component does so when it is linked. From any thread.
/// ChannelOptions::transport is for a single channel.
void register_client_transport(std::string scheme, ClientTransportFactory factory);

/// The factory registered for the scheme of `target`; empty: HTTP/2 to the endpoints of a resolver.
ClientTransportFactory find_client_transport(std::string_view target);

}  // namespace weft::rpc
