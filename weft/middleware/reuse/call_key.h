#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "weft/rpc/call/call.h"

namespace weft {

/// Chooses which calls share a policy's state: those for which it appends the same text to `key`,
/// which is empty. Runs on every call, on each loop's thread.
using CallKey = std::function<void(const Call& call, std::string& key)>;

/// One state for every method: "/pkg.Service/Method".
CallKey by_method();
/// One for every value of this metadata; calls without it share one.
CallKey by_metadata(std::string_view name);
/// One for every address that calls come from (server), without the port. Behind a proxy all
/// clients are one. Where there is no address, one for each place (Peer::describe()).
CallKey by_peer();
/// One for every caller: scheme, issuer and subject of Call::principal(): the identity that a
/// middleware in front of the policy has established, else the verified certificate. Calls without
/// an identity share one.
CallKey by_principal();
/// One for every client by its connection (server): as by_principal(), but the connection's own
/// identity counts (Peer::principal(), the certificate of mutual TLS), also where a middleware has
/// established another caller. Behind a proxy, that is the proxy.
CallKey by_identity();

}  // namespace weft
