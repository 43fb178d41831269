#include "weft/rpc/announce/internal/announced_address.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/socket/address_scope.h"

namespace weft::rpc {
namespace {

/// Empty where the address is of another family.
std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* binary = nullptr;
  if (address.sa_family == AF_INET) {
    binary = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.sa_family == AF_INET6) {
    binary = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (binary == nullptr) return {};
  const char* const host = inet_ntop(address.sa_family, binary, text.data(), text.size());
  return host == nullptr ? std::string() : host;
}

bool is_local(const std::string& host) {
  const Result<net::Address> address = net::Address::ip(host, 0);
  return !address.ok() || net::scope_of(*address) != net::AddressScope::Everywhere;
}

/// The address that packets to `far` would leave with: connecting a datagram socket asks the routes
/// and sends nothing.
std::string source_towards(int family, const char* far) {
  sockaddr_storage target{};
  target.ss_family = static_cast<sa_family_t>(family);
  socklen_t size = sizeof(sockaddr_in6);
  if (family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(target);
    v4.sin_port = htons(9);
    inet_pton(AF_INET, far, &v4.sin_addr);
    size = sizeof(sockaddr_in);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(target);
    v6.sin6_port = htons(9);
    inet_pton(AF_INET6, far, &v6.sin6_addr);
  }
  const int descriptor = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return {};
  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  const bool found = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&target), size) == 0 &&
                     ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &own_size) == 0;
  ::close(descriptor);
  return found ? text_of(reinterpret_cast<const sockaddr&>(own)) : std::string();
}

std::string first_interface(int family) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &::freeifaddrs);
  for (const ifaddrs* item = list; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr || item->ifa_addr->sa_family != family) continue;
    if ((item->ifa_flags & IFF_UP) == 0) continue;
    std::string host = text_of(*item->ifa_addr);
    if (!is_local(host)) return host;
  }
  return {};
}

bool is_every_interface(const net::Address& address) {
  return (address.family() == net::Address::Family::Ipv4 ||
          address.family() == net::Address::Family::Ipv6) &&
         (address.host() == "0.0.0.0" || address.host() == "::");
}

std::uint16_t port_of(const std::vector<net::Address>& listening) {
  for (const net::Address& address : listening) {
    if (address.port() != 0) return address.port();
  }
  return 0;
}

/// Beside an address that carries everywhere, others can do without those that do not, and a
/// registry elsewhere does not take them.
void leave_out_local(std::vector<net::Address>& addresses) {
  const auto is_far = [](const net::Address& address) {
    return net::scope_of(address) == net::AddressScope::Everywhere;
  };
  if (std::none_of(addresses.begin(), addresses.end(), is_far)) return;
  std::erase_if(addresses, [&](const net::Address& address) { return !is_far(address); });
}

Result<std::vector<net::Address>> chosen_address(const std::string& text, std::uint16_t port) {
  const std::string where = "AnnounceOptions::address '" + text + "'";
  if (text.starts_with("unix:") || text.starts_with("memory:")) {
    const Result<net::Target> target = net::Target::parse(text);
    if (!target.ok()) return target.status().with_prefix(where);
    return target->literals();
  }
  // Without a port first, because that is also the way to write an IPv6 address without brackets.
  Result<net::Address> address = net::Address::ip(text, port);
  if (!address.ok()) {
    const Result<net::HostPort> parts = net::HostPort::parse(text, port);
    if (!parts.ok()) return parts.status().with_prefix(where);
    address = net::Address::ip(parts->host, parts->port);
  }
  if (!address.ok()) return address.status().with_prefix(where);
  if (address->port() == 0 || net::scope_of(*address) == net::AddressScope::Nowhere) {
    return invalid_argument(where + ": nothing that a client can connect to");
  }
  return std::vector{std::move(*address)};
}

}  // namespace

std::string routable_host() {
  // Addresses for documentation (RFC 5737, RFC 3849), to which no route but the default one leads.
  for (std::string host : {source_towards(AF_INET, "192.0.2.1"), first_interface(AF_INET),
                           source_towards(AF_INET6, "2001:db8::1"), first_interface(AF_INET6)}) {
    if (!is_local(host)) return host;
  }
  return "127.0.0.1";
}

Result<std::vector<net::Address>> announced_addresses(const std::string& chosen,
                                                      const std::vector<net::Address>& listening) {
  if (!chosen.empty()) return chosen_address(chosen, port_of(listening));
  std::vector<net::Address> addresses;
  for (net::Address address : listening) {
    if (is_every_interface(address)) {
      Result<net::Address> routable = net::Address::ip(routable_host(), address.port());
      if (!routable.ok()) return std::move(routable).status();
      address = std::move(*routable);
    }
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  leave_out_local(addresses);
  return addresses;
}

}  // namespace weft::rpc
