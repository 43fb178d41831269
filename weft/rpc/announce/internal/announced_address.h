#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/net/socket/address.h"

namespace weft::rpc {

/// Where clients are told to connect, by AnnounceOptions::address or by what is listened on: local
/// addresses (loopback, link-local, Unix sockets) only where there are no others.
/// INVALID_ARGUMENT where neither is an address that one can connect to.
Result<std::vector<net::Address>> announced_addresses(const std::string& chosen,
                                                      const std::vector<net::Address>& listening);

/// This machine's address on the way to its default gateway; without one, of the first interface
/// that is up; else the loopback address. IPv4 before IPv6.
std::string routable_host();

}  // namespace weft::rpc
