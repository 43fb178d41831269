#pragma once

#include <memory>
#include <vector>

#include "weft/cluster/resolver.h"
#include "weft/net/address.h"

namespace weft::cluster {

/// Endpoints that never change.
std::unique_ptr<Resolver> fixed_resolver(std::vector<Endpoint> endpoints);

/// The addresses of a name, each an endpoint: `host:port`.
Result<std::unique_ptr<Resolver>> dns_resolver(net::Loop& loop, const net::Target& target);

}  // namespace weft::cluster
