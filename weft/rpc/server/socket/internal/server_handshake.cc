#include "weft/rpc/server/socket/internal/server_handshake.h"

#include <utility>

#include "weft/rpc/server/internal/server_loop.h"

namespace weft::rpc {

ServerHandshake::ServerHandshake(ServerLoop& server, net::TlsServerContext& tls,
                                 std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot)
    : server_(server),
      address_(stream->peer_address()),
      slot_(std::move(slot)),
      task_(tls.accept(std::move(stream))) {
  server_.memory().add(kTlsMemory);
  const Duration timeout = server.options().handshake_timeout;
  if (timeout != kForever) context_.limit_deadline(after(server.loop().now(), timeout));
}

ServerHandshake::~ServerHandshake() { server_.memory().add(-std::int64_t{kTlsMemory}); }

void ServerHandshake::start() { task_.start(&context_, {&ServerHandshake::ended, this}); }

void ServerHandshake::ended(void* argument) noexcept {
  auto& self = *static_cast<ServerHandshake*>(argument);
  self.server_.handshake_ended(self, self.task_.take());
}

}  // namespace weft::rpc
