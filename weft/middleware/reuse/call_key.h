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
/// One for every address that calls come from (server), whatever its port. Behind a proxy all
/// clients are one.
CallKey by_peer();
/// One for every client by the subject of its verified certificate (server, mutual TLS); clients
/// without one share one.
CallKey by_identity();

}  // namespace weft
