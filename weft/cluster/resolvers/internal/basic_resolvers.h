#pragma once

#include <memory>
#include <vector>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/socket/address.h"

namespace weft::cluster {

/// Each address as an endpoint of its own.
std::vector<Endpoint> endpoints_of(std::vector<net::Address> addresses);

/// Endpoints that never change.
std::unique_ptr<Resolver> fixed_resolver(std::vector<Endpoint> endpoints);

/// `static:10.0.0.1:80;weight=2;zone=a,10.0.0.2:80`: endpoints that are in the target itself.
Result<std::unique_ptr<Resolver>> static_resolver(const TargetParts& target);

/// `file:///path`: the list in a JSON file (endpoint_json.h), read again when it changes.
Result<std::unique_ptr<Resolver>> file_resolver(const TargetParts& target);

/// `dns:///host:port`, `dns://name-server/host:port`: the addresses of a name, each an endpoint.
Result<std::unique_ptr<Resolver>> dns_resolver(net::Loop& loop, const net::Target& target);

/// `srv:///_grpc._tcp.example.com`: the hosts of a name's SRV records, each an endpoint.
Result<std::unique_ptr<Resolver>> srv_resolver(net::Loop& loop, const TargetParts& target);

}  // namespace weft::cluster
