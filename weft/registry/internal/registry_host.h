#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/cluster/resolver.h"
#include "weft/rpc/channel.h"

namespace weft::registry {

// The port of a registry that a target names without one.
inline constexpr std::uint16_t kRegistryPort = 7070;

/// One of the registries that a target names, and the connection to it. Belongs to a loop.
class RegistryHost {
 public:
  explicit RegistryHost(std::string address) : address_(std::move(address)) {}

  /// "registry.example.org:7070".
  const std::string& address() const noexcept { return address_; }
  Channel& channel();
  /// Lets go of a connection that is silent, as one whose far end lost power.
  void reconnect() noexcept { channel_.reset(); }

 private:
  std::string address_;
  std::unique_ptr<Channel> channel_;
};

/// The registries of `weft://host:port,host2:port2/service`; at least one. INVALID_ARGUMENT naming
/// the target where its hosts or its service cannot be read.
Result<std::vector<RegistryHost>> registry_hosts(const cluster::TargetParts& target);

}  // namespace weft::registry
