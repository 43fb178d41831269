#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/time.h"
#include "weft/net/socket/address.h"

namespace weft::net {

/// What a Loop is asked about a name. No aggregate, so that GCC 12 may see it made inside of a
/// co_await expression.
struct DnsQuestion {
  enum class Kind : std::uint8_t {
    Addresses,  ///< A and AAAA, /etc/hosts, the resolver's search list
    Services,   ///< SRV (RFC 2782), of exactly this name
  };
  explicit DnsQuestion(std::string asked, Kind wanted = Kind::Addresses)
      : name(std::move(asked)), kind(wanted) {}

  std::string name;
  Kind kind;
  /// What the addresses of the answer get.
  std::uint16_t port = 0;
  /// The name servers to ask, "10.0.0.2:53[,...]", instead of the loop's. A loop keeps what it
  /// needs for each text it has seen.
  std::string servers{};
};

/// An SRV record (RFC 2782).
struct DnsService {
  std::string host;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  ///< the lowest is to be used first
  std::uint16_t weight = 0;
};

/// What was found: addresses or services, at least one.
struct DnsAnswer {
  std::vector<Address> addresses{};
  std::vector<DnsService> services{};
  /// How long it holds: the least of its records' TTLs. kForever for what DNS was not asked for:
  /// literal addresses and /etc/hosts.
  Duration ttl = kForever;
};

}  // namespace weft::net
