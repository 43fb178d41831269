#include "weft/registry/internal/registry_host.h"

namespace weft::registry {

Channel& RegistryHost::channel() {
  if (channel_ == nullptr) {
    ChannelOptions options;
    options.tls = tls_;
    // Who calls has a back-off of its own; the connection's must not be the longer one.
    options.initial_backoff = std::chrono::milliseconds(100);
    options.max_backoff = std::chrono::seconds(1);
    options.connect_timeout = std::chrono::seconds(5);
    channel_ = std::make_unique<Channel>(address_, std::move(options));
  }
  return *channel_;
}

std::vector<RegistryHost> registry_hosts(const WeftTarget& target) {
  std::vector<RegistryHost> hosts;
  for (const std::string& host : target.hosts) hosts.emplace_back(host, target.tls);
  return hosts;
}

}  // namespace weft::registry
