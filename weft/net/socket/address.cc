#include "weft/net/socket/address.h"

#include <array>
#include <charconv>
#include <ostream>
#include <utility>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

namespace weft::net {
namespace {

std::string quoted(std::string_view text) { return std::string("'").append(text).append("'"); }

/// The canonical spelling of a literal, or empty when `host` is none of that family.
std::string canonical_literal(int family, const std::string& host) {
  in6_addr binary{};
  if (inet_pton(family, host.c_str(), &binary) != 1) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(family, &binary, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

bool valid_zone(std::string_view zone) {
  if (zone.empty() || zone.size() >= IF_NAMESIZE) return false;
  for (const char c : zone) {
    if (c <= ' ' || c == '/' || c == '%' || c == ']' || c == 0x7f) return false;
  }
  return true;
}

Result<std::uint16_t> parse_port(std::string_view digits, std::string_view whole) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      port > 65535) {
    return invalid_argument(quoted(whole) + ": port " + quoted(digits) +
                            " is not a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

Result<Address> Address::ip(std::string_view host, std::uint16_t port) {
  if (std::string v4 = canonical_literal(AF_INET, std::string(host)); !v4.empty()) {
    return Address(Family::Ipv4, std::move(v4), port);
  }
  const std::size_t percent = host.find('%');
  std::string v6 = canonical_literal(AF_INET6, std::string(host.substr(0, percent)));
  if (v6.empty()) {
    return invalid_argument(quoted(host) + " is not an IPv4 or IPv6 address");
  }
  if (percent != std::string_view::npos) {
    const std::string_view zone = host.substr(percent + 1);
    if (!valid_zone(zone)) {
      return invalid_argument(quoted(host) + ": " + quoted(zone) +
                              " is not the name or number of an interface");
    }
    v6.append("%").append(zone);
  }
  return Address(Family::Ipv6, std::move(v6), port);
}

Address Address::unix_path(std::string_view path) {
  return Address(Family::Unix, std::string(path), 0);
}

Address Address::memory(std::string_view name, std::uint16_t port) {
  return Address(Family::Memory, std::string(name), port);
}

Result<Address> Address::parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kMemory = "memory:";
  if (text.starts_with(kUnix) && text.size() > kUnix.size()) {
    return unix_path(text.substr(kUnix.size()));
  }
  if (text.starts_with(kMemory) && text.size() > kMemory.size()) {
    const std::string_view name = text.substr(kMemory.size());
    const Result<HostPort> named = HostPort::parse(name);
    return named ? memory(named->host, named->port) : memory(name);
  }
  const Result<HostPort> parts = HostPort::parse(text);
  return parts ? ip(parts->host, parts->port) : Result<Address>(parts.status());
}

std::ostream& operator<<(std::ostream& out, const Address& address) {
  return out << address.to_string();
}

std::string Address::to_string() const {
  switch (family_) {
    case Family::Ipv4:
      return (host_.empty() ? "0.0.0.0" : host_) + ":" + std::to_string(port_);
    case Family::Ipv6:
      return "[" + host_ + "]:" + std::to_string(port_);
    case Family::Unix:
      return "unix:" + host_;
    case Family::Memory:
      return "memory:" + host_ + (port_ == 0 ? "" : ":" + std::to_string(port_));
  }
  return host_;
}

Result<HostPort> HostPort::parse(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return invalid_argument(quoted(text) + ": ']' is missing after the IPv6 address");
    }
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') {
      return invalid_argument(quoted(text) + ": expected ':port' after ']'");
    }
    if (has_port) port = rest.substr(1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    // More than one colon outside of brackets is a bare IPv6 address.
    if (text.find(':', colon + 1) == std::string_view::npos) {
      has_port = true;
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
    } else if (default_port == 0) {
      return invalid_argument(quoted(text) +
                              ": an IPv6 address with a port is written '[address]:port'");
    }
  }
  if (host.empty()) return invalid_argument(quoted(text) + ": the host is missing");
  if (!has_port) {
    if (default_port == 0) {
      return invalid_argument(quoted(text) + ": the port is missing, expected 'host:port'");
    }
    return HostPort{.host = std::string(host), .port = default_port};
  }
  Result<std::uint16_t> number = parse_port(port, text);
  if (!number) return std::move(number).status();
  return HostPort{.host = std::string(host), .port = *number};
}

}  // namespace weft::net
