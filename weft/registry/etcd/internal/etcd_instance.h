#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/net/socket/address.h"

namespace weft::registry {

/// What a key below a prefix says.
struct EtcdInstance {
  cluster::Endpoint endpoint;
  /// Of an entry that names a host instead of an address: to be looked up.
  std::optional<net::HostPort> name{};
};

/// Reads the value of a key: weft's own (weft/cluster/resolvers/endpoint_json.h), or that of gRPC's
/// naming in etcd's Go client: {"Op": 0, "Addr": "host:port", "Metadata": ...}, whose Metadata
/// becomes attributes. INVALID_ARGUMENT says what is wrong with it.
Result<EtcdInstance> etcd_instance(std::string_view value);

}  // namespace weft::registry
