#include "weft/net/socket/client_key.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "weft/net/socket/address_scope.h"

namespace weft::net {
namespace {

constexpr std::size_t kLongest = 64;

std::string text_of(int family, const void* binary) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, binary, text.data(), text.size()) == nullptr ? "" : text.data();
}

std::string key_of_v6(const Address& peer) {
  in6_addr address{};
  const std::string host = peer.host().substr(0, peer.host().find('%'));
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return peer.host();
  // An IPv4 client of a socket for both.
  if (IN6_IS_ADDR_V4MAPPED(&address)) return text_of(AF_INET, &address.s6_addr[12]);
  // Links share one /64, and so do the loopback address and nobody.
  if (scope_of(peer) != AddressScope::Everywhere) return text_of(AF_INET6, &address);
  std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), std::uint8_t{0});
  return text_of(AF_INET6, &address) + "/64";
}

}  // namespace

std::string client_key(const Address& peer) {
  switch (peer.family()) {
    case Address::Family::Ipv4:
      return peer.host();
    case Address::Family::Ipv6:
      return key_of_v6(peer);
    case Address::Family::Unix:
      return "unix";
    case Address::Family::Memory:
      return ("memory:" + peer.host()).substr(0, kLongest);
  }
  return {};
}

}  // namespace weft::net
