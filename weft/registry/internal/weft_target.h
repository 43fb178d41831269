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

/// What `weft://host[:port][,host[:port]...]/service[?option=value&...]` says.
struct WeftTarget {
  std::vector<std::string> hosts;  ///< "registry.example.org:7070", at least one
  std::string service;
  /// The lease that an announcer asks for: from 1ms to 1000h; zero where the target says nothing.
  Duration ttl{};
  std::optional<net::TlsClientOptions> tls{};
  LocalAddresses local = LocalAddresses::Refused;

  /// INVALID_ARGUMENT naming the target and what is wrong with it.
  static Result<WeftTarget> read(const cluster::TargetParts& parts);
};

}  // namespace weft::registry
