#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"

namespace weft::net {

/// Where a socket is: an IPv4 or IPv6 address with a port, a Unix socket's path, or a name in
/// memory.
class Address {
 public:
  enum class Family : std::uint8_t { Ipv4, Ipv6, Unix, Memory };

  Address() noexcept = default;
  /// `host` is a literal address, not a name: "127.0.0.1", "::1", "fe80::1%eth0".
  static Result<Address> ip(std::string_view host, std::uint16_t port);
  /// A path, or `@name` for Linux's abstract namespace.
  static Address unix_path(std::string_view path);
  /// An endpoint of in-memory streams or of a simulated network.
  static Address memory(std::string_view name, std::uint16_t port = 0);
  /// Reads what to_string() writes. INVALID_ARGUMENT with the text and what was expected; a name is
  /// no address.
  static Result<Address> parse(std::string_view text);

  Family family() const noexcept { return family_; }
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }

  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "memory:name".
  std::string to_string() const;

  friend bool operator==(const Address&, const Address&) noexcept = default;
  /// As to_string(), for tests and logs.
  friend std::ostream& operator<<(std::ostream& out, const Address& address);

 private:
  Address(Family family, std::string host, std::uint16_t port)
      : host_(std::move(host)), port_(port), family_(family) {}
  std::string host_;
  std::uint16_t port_ = 0;
  Family family_ = Family::Ipv4;
};

/// The form of a channel's target or a listener's address as users write it:
/// `host:port`, `dns:///host:port`, `ipv4:a.b.c.d:port[,...]`, `ipv6:[::1]:port[,...]`,
/// `unix:path`, `unix:///absolute/path`, `memory:name`.
struct Target {
  std::string scheme;     ///< "dns", "ipv4", "ipv6", "unix", "memory"
  std::string authority;  ///< between `//` and `/`; usually empty
  std::string endpoint;   ///< what follows

  /// INVALID_ARGUMENT with the text and what was expected when it cannot be read.
  static Result<Target> parse(std::string_view text);

  /// The addresses that need no resolving: those of ipv4, ipv6, unix and memory; none for dns.
  Result<std::vector<Address>> literals() const;
};

/// Splits "host:port" or "[v6]:port"; `default_port` where there is none (0: then a port is
/// required).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  static Result<HostPort> parse(std::string_view text, std::uint16_t default_port = 0);
};

}  // namespace weft::net
