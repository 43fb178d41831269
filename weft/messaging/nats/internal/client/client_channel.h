#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "weft/base/bytes.h"
#include "weft/base/intrusive_list.h"
#include "weft/messaging/nats/internal/client/inbox.h"
#include "weft/messaging/nats/internal/envelope.h"
#include "weft/messaging/nats/internal/link/broker_link.h"
#include "weft/messaging/nats/internal/setup.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/client/client_transport.h"

namespace weft::nats {

/// A channel over NATS, on one loop: a connection, an inbox, and the calls that wait for a reply.
class ClientChannel final : public rpc::ClientTransport,
                            public std::enable_shared_from_this<ClientChannel>,
                            private LinkOwner {
 public:
  ClientChannel(const rpc::ClientTransportSetup& from, std::shared_ptr<const Setup> setup,
                ClientRules rules);
  ~ClientChannel() override;

  Task<Status> serve(Call& call) override;
  Task<Status> connect() override;
  void close() noexcept override;

 private:
  class Terminal;
  /// A call that was published, in its coroutine's frame.
  struct Pending {
    explicit Pending(ClientChannel& of) noexcept : channel(of) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending() { channel.forget(*this); }
    void end(Status with) noexcept;

    ClientChannel& channel;
    Token token{};
    std::string_view subject;
    std::uint64_t begin = 0;  // of its bytes among all of the connection
    net::Wait* wait = nullptr;
    bool ended = false;
    Status status;  // not OK: there is no reply
    Bytes reply;    // headers and payload
    std::size_t headers = 0;
  };
  /// A call that waits for the connection.
  struct Waiting : ListNode {
    explicit Waiting(net::Loop& loop) noexcept : wait(loop) {}
    net::Wait wait;
    bool for_ready = false;
  };

  // LinkOwner
  void on_message(const Operation& message) noexcept override;
  void on_connected() noexcept override;
  void on_unreachable(const Status& reason) noexcept override;
  void on_lost(const Status& reason) noexcept override;
  void on_refused(std::string_view text) noexcept override;

  static Task<Status> attempt(std::shared_ptr<ClientChannel> self, Call& call);
  static Task<Status> serve_chain(std::shared_ptr<ClientChannel> self, Call& call);
  Status begin(Call& call) const;
  Task<Status> wait_connected(bool for_ready);
  Task<Status> exchange(Call& call);
  Task<Status> send(const Call& call, const Message& message, const std::string& subject,
                    Pending& pending);
  static bool found_nobody(const Pending& pending);
  Status nobody(const Call& call, const std::string& subject) const;
  Status publish(const Call& call, const Message& message, const std::string& subject,
                 Pending& pending);
  Task<Status> deliver(Call& call, const Pending& pending);
  static Result<Bytes> inflate(const Call& call, const Bytes& payload, Compression compression);
  void forget(const Pending& pending) noexcept;
  void end_waiting(const Status& status) noexcept;
  void end_pending(const Status& unsent, const Status& sent) noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const Setup> setup_;
  const ClientRules rules_;
  const MiddlewareChain per_endpoint_;
  const Inbox inbox_;
  Peer::Ref peer_;
  std::unordered_map<Token, Pending*, TokenHash> pending_;
  IntrusiveList<Waiting> waiting_;
  std::size_t waiting_count_ = 0;
  bool closed_ = false;
  std::shared_ptr<BrokerLink> link_;
};

/// `options`: of the program, without the channel's.
Result<std::shared_ptr<rpc::ClientTransport>> make_client_channel(
    const rpc::ClientTransportSetup& from, const Options& options);

}  // namespace weft::nats
