#include "weft/rpc/client/internal/proxy.h"

#include <cstdint>
#include <string>
#include <utility>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/socket/address.h"

namespace weft::rpc {
namespace {

constexpr std::string_view kOption = "ChannelOptions::proxy";
constexpr std::string_view kFromEnvironment = "environment";
// Of targets without a port.
constexpr std::uint16_t kDefaultPort = 443;

}  // namespace

Result<std::optional<net::HttpProxy>> proxy_for(std::string_view target,
                                                const ChannelOptions& options,
                                                net::Environment environment) {
  if (options.proxy.empty()) return std::optional<net::HttpProxy>();
  const bool ask = options.proxy == kFromEnvironment;
  const Result<net::Target> parsed = net::Target::parse(target);
  const bool named = !options.resolver && !cluster::lists_instances(target) && parsed.ok() &&
                     parsed->scheme == "dns";
  if (!named) {
    if (ask) return std::optional<net::HttpProxy>();
    return invalid_argument(std::string(kOption) +
                            ": a proxy is for targets of the form host:port "
                            "or dns:///host:port, and this is '" +
                            std::string(target) + "'");
  }
  const Result<net::HostPort> host = net::HostPort::parse(parsed->endpoint, kDefaultPort);
  if (!host.ok()) return host.status();
  if (Status fits = net::check_proxied_host(host->host); !fits.ok()) return fits;
  if (ask) {
    using enum net::ProxiedBytes;
    return net::proxy_of_environment(*host, options.tls ? Tls : Plain, environment);
  }
  Result<net::HttpProxy> proxy = net::read_proxy(kOption, options.proxy);
  if (!proxy.ok()) return std::move(proxy).status();
  proxy->destination = net::to_string(*host);
  return std::optional<net::HttpProxy>(*std::move(proxy));
}

}  // namespace weft::rpc
