#include "weft/net/socket/internal/socket_address.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace weft::net::internal {
namespace {

constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);

Result<SocketAddress> from_ipv4(const Address& address) {
  SocketAddress result;
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port());
  // A default-made Address has no host: any address.
  if (!address.host().empty()) inet_pton(AF_INET, address.host().c_str(), &v4.sin_addr);
  result.size = sizeof(v4);
  return result;
}

Result<SocketAddress> from_ipv6(const Address& address) {
  SocketAddress result;
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port());
  const std::size_t percent = address.host().find('%');
  inet_pton(AF_INET6, address.host().substr(0, percent).c_str(), &v6.sin6_addr);
  if (percent != std::string::npos) {
    const std::string zone = address.host().substr(percent + 1);
    unsigned index = if_nametoindex(zone.c_str());
    if (index == 0) std::from_chars(zone.data(), zone.data() + zone.size(), index);
    if (index == 0) {
      return invalid_argument(address.to_string() + ": no interface is called '" + zone + "'");
    }
    v6.sin6_scope_id = index;
  }
  result.size = sizeof(v6);
  return result;
}

Result<SocketAddress> from_unix(const Address& address) {
  SocketAddress result;
  auto& un = reinterpret_cast<sockaddr_un&>(result.storage);
  un.sun_family = AF_UNIX;
  const std::string& path = address.host();
  const std::size_t limit = sizeof(un.sun_path) - 1;
  if (path.empty()) return invalid_argument("unix: the path is empty");
  if (path.size() > limit) {
    return invalid_argument(address.to_string() + ": the path has " + std::to_string(path.size()) +
                            " bytes, the system takes at most " + std::to_string(limit));
  }
  std::memcpy(un.sun_path, path.data(), path.size());
  const bool abstract = path.front() == '@';
  if (abstract) un.sun_path[0] = '\0';
  result.size = static_cast<socklen_t>(kPathOffset + path.size() + (abstract ? 0 : 1));
  return result;
}

Address from_sockaddr(const sockaddr_in& v4) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return *Address::ip(text.data(), ntohs(v4.sin_port));
}

Address from_sockaddr(const sockaddr_in6& v6) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    // A dual-stack listener's IPv4 peers are named as what they are.
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    return *Address::ip(text.data(), ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  std::string host(text.data());
  if (v6.sin6_scope_id != 0) {
    std::array<char, IF_NAMESIZE> zone{};
    const bool named = if_indextoname(v6.sin6_scope_id, zone.data()) != nullptr;
    host.append("%").append(named ? zone.data() : std::to_string(v6.sin6_scope_id));
  }
  Result<Address> address = Address::ip(host, ntohs(v6.sin6_port));
  return address ? *address : *Address::ip(text.data(), ntohs(v6.sin6_port));
}

}  // namespace

Result<SocketAddress> SocketAddress::from(const Address& address) {
  switch (address.family()) {
    case Address::Family::Ipv4:
      return from_ipv4(address);
    case Address::Family::Ipv6:
      return from_ipv6(address);
    case Address::Family::Unix:
      return from_unix(address);
    case Address::Family::Memory:
      break;
  }
  return invalid_argument(address.to_string() + " is not an address of a socket");
}

Address SocketAddress::to_address() const {
  if (family() == AF_INET) return from_sockaddr(reinterpret_cast<const sockaddr_in&>(storage));
  if (family() == AF_INET6) return from_sockaddr(reinterpret_cast<const sockaddr_in6&>(storage));
  const auto& un = reinterpret_cast<const sockaddr_un&>(storage);
  if (size <= kPathOffset) return Address::unix_path("");
  std::string path(un.sun_path, size - kPathOffset);
  if (path.front() == '\0') {
    path.front() = '@';
  } else {
    path.resize(std::strlen(path.c_str()));
  }
  return Address::unix_path(path);
}

Address local_address_of(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.size) != 0) return {};
  return address.to_address();
}

}  // namespace weft::net::internal
