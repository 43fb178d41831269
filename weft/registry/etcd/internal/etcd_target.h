#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/tls/tls.h"
#include "weft/registry/internal/endpoint_filter.h"

namespace weft::registry {

/// What `etcd://host:2379[,host:2379...]/prefix[?option=value&...]` says.
struct EtcdTarget {
  std::vector<std::string> members;  ///< "host:port", at least one
  std::string prefix;                ///< of the keys, with a '/' at its end
  /// How long an instance stays listed after it was last heard of.
  Duration ttl = std::chrono::seconds(15);
  std::optional<net::TlsClientOptions> tls{};
  LocalAddresses local = LocalAddresses::Refused;
  std::string user{};
  std::string password{};

  /// INVALID_ARGUMENT naming the target and what is wrong with it.
  static Result<EtcdTarget> read(const cluster::TargetParts& parts);
};

}  // namespace weft::registry
