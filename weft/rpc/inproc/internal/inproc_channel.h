#pragma once

#include <memory>

#include "weft/net/loop/wait.h"
#include "weft/rpc/client/client_transport.h"
#include "weft/rpc/inproc/internal/inproc_attempt.h"
#include "weft/rpc/inproc/internal/inproc_names.h"

namespace weft::rpc {

/// A channel to a server of the same process, on one loop. A call of a loop that is the server's as
/// well is served there, its messages passing as they are; others are handed to a loop of the
/// server's, in turn.
class InprocChannel final : public ClientTransport,
                            public std::enable_shared_from_this<InprocChannel>,
                            public InprocWatcher {
 public:
  explicit InprocChannel(const ClientTransportSetup& setup);

  Task<Status> serve(Call& call) override;
  /// Waits for nobody: UNAVAILABLE where there is no server of the name.
  Task<Status> connect() override;
  void close() noexcept override;

  // For its attempts.
  /// The server's part on this loop, which the attempt is with from now on; null where there is
  /// none any more.
  InprocPart* begin_here(Call& call, InprocAttempt& attempt);
  const Route* route_of(const Call& call) noexcept;
  /// UNAVAILABLE: no server has the name.
  Status nobody() const;

 private:
  /// A call that waits for a server.
  struct Waiting : ListNode {
    explicit Waiting(net::Loop& loop) noexcept : wait(loop) {}
    net::Wait wait;
  };
  class Terminal;

  void on_name() noexcept override;
  Task<Status> serve_across(Call& call);
  Task<Status> serve_later(Call& call);
  Task<Status> attempt(Call& call);
  /// Finds the server where it is not known yet, or has gone.
  bool find();

  net::Loop& loop_;
  const std::string name_;
  const MiddlewareChain per_endpoint_;
  std::shared_ptr<InprocServer> server_;
  InprocPart* here_ = nullptr;  // the server's part on this loop, where it has one
  // Of the last call.
  const MethodDescriptor* known_method_ = nullptr;
  const Route* known_route_ = nullptr;
  Peer::Ref peer_;
  IntrusiveList<InprocAttempt> attempts_;
  IntrusiveList<Waiting> waiting_;
  bool closed_ = false;
};

Result<std::shared_ptr<ClientTransport>> make_inproc_channel(const ClientTransportSetup& setup);

}  // namespace weft::rpc
