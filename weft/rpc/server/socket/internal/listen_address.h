#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/net/socket/address.h"

namespace weft::rpc {

/// What a listener's text means, in the order in which to try: `host:port` (a literal address or a
/// name), `:port` for every interface, `ipv4:`, `ipv6:`, `unix:`, `memory:`. INVALID_ARGUMENT when
/// it cannot be read, UNAVAILABLE when a name resolves to nothing. A name is looked up blocking:
/// this is for start-up.
Result<std::vector<net::Address>> listen_addresses(const std::string& text);

}  // namespace weft::rpc
