#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/foreign/internal/client_link.h"
#include "weft/foreign/names.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/address.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/client/client_transport.h"

namespace weft::foreign {

/// What a channel to a foreign server is made of.
struct ClientSetup {
  net::HostPort server;
  std::string name;                              ///< for errors: "go+json://127.0.0.1:1234"
  std::shared_ptr<net::TlsClientContext> tls{};  ///< null: none
  std::string tls_name{};                        ///< what the server has to prove to be
  Duration connect_timeout{};
  Duration initial_backoff{};
  Duration max_backoff{};
  LinkLimits limits{};
  ServiceNames services{};  ///< names for peers, by full names
  std::function<std::unique_ptr<ClientFormat>()> make_format{};
  /// What a connection begins with; empty: nothing.
  std::function<Task<Status>(net::Loop&, net::Stream&)> greet{};
};

/// The calls of a channel on one loop, over one connection, which is made when a call needs it and
/// again, with back-off, after it was lost.
class ClientChannel final : public rpc::ClientTransport,
                            public std::enable_shared_from_this<ClientChannel> {
 public:
  ClientChannel(ClientSetup setup, const rpc::ClientTransportSetup& from);
  ClientChannel(const ClientChannel&) = delete;
  ClientChannel& operator=(const ClientChannel&) = delete;
  ~ClientChannel() override;

  Task<Status> serve(Call& call) override;
  Task<Status> connect() override { return connected(shared_from_this()); }
  void close() noexcept override;

 private:
  class Terminal;

  static Task<Status> serve_chain(std::shared_ptr<ClientChannel> self, Call& call);
  static Task<Status> attempt(std::shared_ptr<ClientChannel> self, Call& call);
  static Task<Status> connected(std::shared_ptr<ClientChannel> self);
  static Task<Status> exchange(ClientChannel& self, Call& call, const MessageTypes& types,
                               const Bytes& request, Answer& answer);
  static Task<> open(ClientChannel& self);
  static Task<Result<std::unique_ptr<net::Stream>>> open_stream(ClientChannel& self);
  static Task<Result<std::unique_ptr<net::Stream>>> open_greeted(ClientChannel& self);
  std::string method_name(const Call& call) const;
  void start_opening();
  void opened();

  const ClientSetup setup_;
  net::Loop& loop_;
  const MiddlewareChain& per_endpoint_;
  const Peer::Ref peer_;
  cluster::Backoff backoff_;
  TimePoint next_attempt_{};
  Status last_error_;  // of the last attempt; OK where it succeeded
  std::unique_ptr<ClientLink> link_;
  std::optional<Result<std::unique_ptr<net::Stream>>> made_;
  std::optional<Task<>> opening_;
  bool opening_posted_ = false;
  Event opened_;
  bool closed_ = false;
};

}  // namespace weft::foreign
