#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/net/tls/tls.h"
#include "weft/registry/internal/weft_target.h"
#include "weft/rpc/client/channel.h"

namespace weft::registry {

/// One of the registries that a target names, and the connection to it. Belongs to a loop.
class RegistryHost {
 public:
  RegistryHost(std::string address, std::optional<net::TlsClientOptions> tls)
      : address_(std::move(address)), tls_(std::move(tls)) {}

  /// "registry.example.org:7070".
  const std::string& address() const noexcept { return address_; }
  Channel& channel();
  /// Lets go of a connection that is silent, as one whose far end lost power.
  void reconnect() noexcept { channel_.reset(); }

 private:
  std::string address_;
  std::optional<net::TlsClientOptions> tls_;
  std::unique_ptr<Channel> channel_;
};

std::vector<RegistryHost> registry_hosts(const WeftTarget& target);

}  // namespace weft::registry
