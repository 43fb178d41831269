#include "weft/rpc/server/socket/internal/listen_address.h"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace weft::rpc {
namespace {

using Addresses = std::vector<net::Address>;

Result<Addresses> look_up(const net::HostPort& parts) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(parts.host.c_str(), nullptr, &hints, &found);
  if (error != 0) return unavailable(parts.host + ": " + gai_strerror(error));
  Addresses addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    std::array<char, NI_MAXHOST> host{};
    if (getnameinfo(info->ai_addr, info->ai_addrlen, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    Result<net::Address> address = net::Address::ip(host.data(), parts.port);
    if (address.ok()) addresses.push_back(std::move(*address));
  }
  freeaddrinfo(found);
  if (addresses.empty()) return unavailable(parts.host + ": the name has no address");
  return addresses;
}

/// Every interface: IPv6's any-address takes IPv4 too; without IPv6 in the kernel, IPv4's.
Result<Addresses> any_interface(std::uint16_t port) {
  Result<net::Address> v6 = net::Address::ip("::", port);
  Result<net::Address> v4 = net::Address::ip("0.0.0.0", port);
  if (!v6.ok()) return std::move(v6).status();
  if (!v4.ok()) return std::move(v4).status();
  return Addresses{std::move(*v6), std::move(*v4)};
}

}  // namespace

Result<Addresses> listen_addresses(const std::string& text) {
  const bool any = text.starts_with(':');
  Result<net::Target> target = net::Target::parse(any ? "[::]" + text : text);
  if (!target.ok()) return std::move(target).status();
  if (target->scheme != "dns") return target->literals();
  Result<net::HostPort> parts = net::HostPort::parse(target->endpoint);
  if (!parts.ok()) return std::move(parts).status();
  if (any) return any_interface(parts->port);
  Result<net::Address> literal = net::Address::ip(parts->host, parts->port);
  if (literal.ok()) return Addresses{std::move(*literal)};
  return look_up(*parts);
}

}  // namespace weft::rpc
