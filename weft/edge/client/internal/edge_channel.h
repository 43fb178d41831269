#pragma once

#include <memory>
#include <string>

#include "weft/base/intrusive_list.h"
#include "weft/edge/client/client_transport.h"
#include "weft/edge/client/internal/destination.h"
#include "weft/http1/client/client.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/client/client_transport.h"

namespace weft::edge {

class EdgeAttempt;

/// What all calls of a channel have in common.
struct EdgeSetup {
  Destination destination;
  SafeMethods safe_methods = SafeMethods::Post;
  CompressionSet accepted;
  std::size_t max_metadata_size = 0;
  PropagationOptions propagation;
};

/// A channel that speaks Connect or gRPC-Web, on one loop.
class EdgeChannel final : public rpc::ClientTransport,
                          public std::enable_shared_from_this<EdgeChannel> {
 public:
  EdgeChannel(EdgeSetup setup, http1::ClientOptions http, const rpc::ClientTransportSetup& from);

  Task<Status> serve(Call& call) override;
  void close() noexcept override;

 private:
  class Terminal;
  static Task<Status> serve_chain(std::shared_ptr<EdgeChannel> self, Call& call);
  static Task<Status> attempt(std::shared_ptr<EdgeChannel> self, Call& call);

  const EdgeSetup setup_;
  http1::Client http_;
  const MiddlewareChain per_endpoint_;
  Peer::Ref peer_;
  IntrusiveList<EdgeAttempt> attempts_;
  bool closed_ = false;
};

Result<std::shared_ptr<rpc::ClientTransport>> make_edge_channel(
    const rpc::ClientTransportSetup& from, const ClientTransportOptions& options);

}  // namespace weft::edge
