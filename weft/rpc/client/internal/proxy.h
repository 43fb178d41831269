#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/rpc/client/channel.h"

namespace weft::rpc {

/// The HTTP proxy that a channel reaches its target through.
struct Proxy {
  std::string address;      ///< "proxy.example:3128"
  std::string credentials;  ///< "user:password"; empty: none are shown
  std::string destination;  ///< what it is to connect to: the target's "host:port"
};

/// What an environment variable holds; empty where there is none.
using Environment = std::string (*)(const char* name);
std::string from_process(const char* name);

/// The proxy of ChannelOptions::proxy for calls to `target`; nothing where there is to be none.
/// INVALID_ARGUMENT where the option cannot be read, or the target is not one that a proxy can be
/// asked for.
Result<std::optional<Proxy>> proxy_for(std::string_view target, const ChannelOptions& options,
                                       Environment environment = &from_process);

/// Whether `no_proxy`, a list with commas, names the host: `*`; a name, with all below it; an
/// address, or a network as 10.0.0.0/8; each perhaps with a port.
bool excludes(std::string_view no_proxy, std::string_view host, std::uint16_t port);

}  // namespace weft::rpc
