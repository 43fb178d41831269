#pragma once

#include <cstdint>
#include <string_view>

#include "weft/net/socket/address.h"

namespace weft::net {

class Loop;

/// How far an address carries: which machines reach the same place by it.
enum class AddressScope : std::uint8_t {
  Everywhere,  ///< an IP address to which routes may lead, private networks included
  Link,        ///< link-local: another link has another machine there
  Machine,     ///< loopback, a Unix socket, a name in memory: another machine has its own
  Nowhere,     ///< nothing to connect to: unspecified, multicast, broadcast, reserved
};

/// By RFC 6890 and IANA's registries of special-purpose addresses. An IPv6 address that stands for
/// an IPv4 one (mapped, NAT64, 6to4) has the scope of that.
AddressScope scope_of(const Address& address) noexcept;

/// The same as seen from `loop`: on a simulated network a name in memory is a host's address.
AddressScope scope_of(const Address& address, const Loop& loop) noexcept;

/// For errors: "is link-local", "is this machine's own".
std::string_view description_of(AddressScope scope) noexcept;

}  // namespace weft::net
