#include "weft/rpc/server/socket/internal/peer_connections.h"

#include "weft/net/socket/client_key.h"

namespace weft::rpc {
namespace {

/// What is counted together; empty where nothing is.
std::string client_of(const net::Address& peer) {
  const bool has_address =
      peer.family() == net::Address::Family::Ipv4 || peer.family() == net::Address::Family::Ipv6;
  return has_address ? net::client_key(peer) : std::string();
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
