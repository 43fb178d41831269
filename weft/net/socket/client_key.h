#pragma once

#include <string>

#include "weft/net/socket/address.h"

namespace weft::net {

/// The client behind a peer's address, for limits that count by client: an IPv4 address, or the /64
/// network of an IPv6 one, which is what a single machine is usually given. "10.0.0.1",
/// "2001:db8:0:1::/64"; of a link-local address all of it; "unix", "memory:name". At most 64 bytes.
std::string client_key(const Address& peer);

}  // namespace weft::net
