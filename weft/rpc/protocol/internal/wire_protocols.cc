#include "weft/rpc/protocol/internal/wire_protocols.h"

#include <algorithm>

#include "weft/net/tls/tls_info.h"
#include "weft/rpc/protocol/internal/protocol_choice.h"
#include "weft/rpc/protocol/internal/wire_stream.h"
#include "weft/rpc/server/internal/server_impl.h"
#include "weft/rpc/server/internal/server_loop.h"

namespace weft {
namespace rpc {

void serve_wire(ServerLoop& server, WireProtocol& protocol, std::unique_ptr<net::Stream> stream,
                PeerConnections::Slot slot) {
  auto* wire = new WireStream(server, protocol, std::move(stream), std::move(slot));
  server.other_began(*wire);
  wire->start();
}

void WireProtocols::add(std::shared_ptr<WireProtocol> protocol) {
  const auto broad =
      std::ranges::find_if(protocols_, [](const auto& added) { return added->matches_others(); });
  protocols_.insert(protocol->matches_others() ? protocols_.end() : broad, std::move(protocol));
}

void WireProtocols::take(ServerLoop& server, std::unique_ptr<net::Stream> stream,
                         PeerConnections::Slot slot) {
  const std::shared_ptr<const net::TlsInfo> tls = stream->tls();
  if (tls != nullptr && !tls->alpn.empty()) {
    WireProtocol* const protocol = chosen_by_alpn(tls->alpn);
    if (protocol == nullptr) return server.serve_http2(std::move(stream), std::move(slot));
    return serve_wire(server, *protocol, std::move(stream), std::move(slot));
  }
  auto* choice = new ProtocolChoice(server, protocols_, std::move(stream), std::move(slot));
  server.other_began(*choice);
  choice->start();
}

WireProtocol* WireProtocols::chosen_by_alpn(std::string_view name) const noexcept {
  for (const auto& protocol : protocols_) {
    for (const std::string_view one : protocol->alpn()) {
      if (one == name) return protocol.get();
    }
  }
  return nullptr;
}

std::vector<std::string> WireProtocols::alpn() const {
  std::vector<std::string> names;
  for (const auto& protocol : protocols_) {
    for (const std::string_view name : protocol->alpn()) names.emplace_back(name);
  }
  return names;
}

}  // namespace rpc

void Server::add(std::shared_ptr<rpc::WireProtocol> protocol) {
  impl_->refuse_late("add", protocol->name());
  std::unique_ptr<rpc::OtherProtocols>& all = impl_->shared().other_protocols;
  if (all == nullptr) all = std::make_unique<rpc::WireProtocols>();
  static_cast<rpc::WireProtocols&>(*all).add(std::move(protocol));
}

}  // namespace weft
