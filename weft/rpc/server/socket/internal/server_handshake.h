#pragma once

#include <memory>

#include "weft/base/intrusive_list.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/server/socket/internal/peer_connections.h"

namespace weft::rpc {

class ServerLoop;

/// A connection to a server whose TLS handshake is under way. Belongs to its ServerLoop, which is
/// told of the end; destroying it before that closes the connection.
class ServerHandshake final : public ListNode {
 public:
  ServerHandshake(ServerLoop& server, net::TlsServerContext& tls,
                  std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot);
  ServerHandshake(const ServerHandshake&) = delete;
  ServerHandshake& operator=(const ServerHandshake&) = delete;
  ~ServerHandshake();

  /// May end before it returns.
  void start();
  /// The client's.
  const net::Address& address() const noexcept { return address_; }
  /// The connection's place among those of its client.
  PeerConnections::Slot take_slot() noexcept { return std::move(slot_); }

 private:
  static void ended(void* argument) noexcept;

  ServerLoop& server_;
  const net::Address address_;
  PeerConnections::Slot slot_;
  Context context_;
  Task<Result<std::unique_ptr<net::Stream>>> task_;
};

}  // namespace weft::rpc
