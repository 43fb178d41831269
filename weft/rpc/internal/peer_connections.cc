#include "weft/rpc/internal/peer_connections.h"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace weft::rpc {
namespace {

/// What is counted together; empty where nothing is.
std::string client_of(const net::Address& peer) {
  if (peer.family() == net::Address::Family::Ipv4) return peer.host();
  if (peer.family() != net::Address::Family::Ipv6) return {};
  const std::string host = peer.host().substr(0, peer.host().find('%'));
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return peer.host();
  const char* bytes = reinterpret_cast<const char*>(address.s6_addr);
  // An IPv4 client of a socket for both.
  if (IN6_IS_ADDR_V4MAPPED(&address)) return {bytes + 12, 4};
  return {bytes, 8};
}

}  // namespace

std::optional<PeerConnections::Slot> PeerConnections::take(const net::Address& peer,
                                                           std::size_t limit) {
  if (limit == SIZE_MAX) return Slot();
  std::string client = client_of(peer);
  if (client.empty()) return Slot();
  const std::lock_guard lock(mutex_);
  std::size_t& count = connections_[client];
  if (count >= limit) {
    if (count == 0) connections_.erase(client);
    return std::nullopt;
  }
  ++count;
  return Slot(*this, std::move(client));
}

void PeerConnections::release(const std::string& client) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(client);
  if (found != connections_.end() && --found->second == 0) connections_.erase(found);
}

}  // namespace weft::rpc
