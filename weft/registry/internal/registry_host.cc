#include "weft/registry/internal/registry_host.h"

#include <string_view>
#include <utility>

#include "weft/registry/internal/instance.h"

namespace weft::registry {
namespace {

Status unusable(const cluster::TargetParts& target, std::string_view why) {
  std::string message = "'" + target.text + "': ";
  return invalid_argument(message.append(why));
}

}  // namespace

Channel& RegistryHost::channel() {
  if (channel_ == nullptr) {
    ChannelOptions options;
    // Who calls has a back-off of its own; the connection's must not be the longer one.
    options.initial_backoff = std::chrono::milliseconds(100);
    options.max_backoff = std::chrono::seconds(1);
    options.connect_timeout = std::chrono::seconds(5);
    channel_ = std::make_unique<Channel>(address_, std::move(options));
  }
  return *channel_;
}

Result<std::vector<RegistryHost>> registry_hosts(const cluster::TargetParts& target) {
  std::vector<RegistryHost> hosts;
  std::string_view rest = target.authority;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const Result<net::HostPort> host = net::HostPort::parse(item, kRegistryPort);
    if (!host.ok()) return unusable(target, host.status().message());
    const bool v6 = host->host.find(':') != std::string::npos;
    hosts.emplace_back((v6 ? "[" + host->host + "]" : host->host) + ":" +
                       std::to_string(host->port));
  }
  if (hosts.empty()) {
    return unusable(target, "it names no registry; expected weft://host:port/service");
  }
  const Status service = check_service_name(target.path);
  if (!service.ok()) return unusable(target, service.message());
  return hosts;
}

}  // namespace weft::registry
