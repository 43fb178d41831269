#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/net/socket/address.h"

namespace weft::net {

/// An HTTP proxy through which a server is reached.
struct HttpProxy {
  std::string address;          ///< "proxy.example:3128"
  std::string authorization{};  ///< value of Proxy-Authorization; empty: none is sent
  std::string destination{};    ///< "host:port" of the server
};

/// What an environment variable holds; empty where there is none.
using Environment = std::string (*)(const char* name);
std::string from_process(const char* name);

/// Reads "http://user:password@host:port", of which only the host must be there; the port is 80 by
/// default. `from` names the option or the variable in errors, which do not show the password.
/// INVALID_ARGUMENT where it cannot be read. `destination` stays empty.
Result<HttpProxy> read_proxy(std::string_view from, std::string_view url);

/// Whether the bytes to the server are TLS, for which another variable names the proxy.
enum class ProxiedBytes : std::uint8_t { Plain, Tls };

/// The proxy that the environment names for a server: `https_proxy`, else `HTTPS_PROXY` for TLS,
/// `http_proxy` for plain bytes. None where `no_proxy`, else `NO_PROXY`, names the server, and for
/// this machine's own addresses. INVALID_ARGUMENT names the variable that cannot be read.
Result<std::optional<HttpProxy>> proxy_of_environment(const HostPort& server, ProxiedBytes bytes,
                                                      Environment environment = &from_process);

/// Whether `no_proxy`, a list with commas, names the host: `*`; a name, with all below it; an
/// address, or a network as 10.0.0.0/8; each perhaps with a port.
bool excludes(std::string_view no_proxy, std::string_view host, std::uint16_t port);

/// Whether `host` may stand in the line of a request: letters, digits and -._~:%. INVALID_ARGUMENT
/// shows it.
Status check_proxied_host(std::string_view host);

/// "host:port", with brackets around an address of IPv6.
std::string to_string(const HostPort& at);

}  // namespace weft::net
