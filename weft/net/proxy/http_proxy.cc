#include "weft/net/proxy/http_proxy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <openssl/evp.h>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"

namespace weft::net {
namespace {

// The port of http (RFC 9110 section 4.2.1).
constexpr std::uint16_t kHttpPort = 80;

/// Without what stands before the host, which may be a password.
std::string shown(std::string_view url) {
  const std::size_t at = url.rfind('@');
  return std::string(at == std::string_view::npos ? url : url.substr(at + 1));
}

Status unreadable(std::string_view from, std::string_view url, std::string_view why) {
  return invalid_argument(
      std::string(from).append(": '").append(shown(url)).append("': ").append(why));
}

/// RFC 3986 section 2.1; what is no escape stays.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const end = text.data() + std::min(i + 3, text.size());
    const bool escape = text[i] == '%' && i + 3 <= text.size() &&
                        std::from_chars(text.data() + i + 1, end, value, 16).ptr == end;
    out += escape ? static_cast<char>(value) : text[i];
    if (escape) i += 2;
  }
  return out;
}

/// RFC 4648 section 4.
std::string in_base64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// The bytes of a literal address: 4, 16, or none.
std::string bytes_of(std::string_view host) {
  const std::string text(host);
  std::array<char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), bytes.size()};
  return {};
}

bool in_network(std::string_view network, std::string_view host) {
  const std::size_t slash = network.find('/');
  const std::string base = bytes_of(network.substr(0, slash));
  const std::string address = bytes_of(host);
  if (base.empty() || base.size() != address.size()) return false;
  std::size_t bits = base.size() * 8;
  if (slash != std::string_view::npos) {
    const std::string_view length = network.substr(slash + 1);
    const char* const end = length.data() + length.size();
    if (std::from_chars(length.data(), end, bits).ptr != end || bits > base.size() * 8) {
      return false;
    }
  }
  for (std::size_t i = 0; i < bits; ++i) {
    const auto bit = static_cast<unsigned char>(0x80U >> (i % 8));
    if (((base[i / 8] ^ address[i / 8]) & bit) != 0) return false;
  }
  return true;
}

bool names(std::string_view item, std::string_view host) {
  if (item == "*" || in_network(item, host)) return true;
  if (item.starts_with("*.")) item.remove_prefix(1);
  if (item.starts_with('.')) item.remove_prefix(1);
  if (item.ends_with('.')) item.remove_suffix(1);
  if (item.empty() || item.size() > host.size()) return false;
  const std::size_t before = host.size() - item.size();
  return ascii::equal_without_case(host.substr(before), item) &&
         (before == 0 || host[before - 1] == '.');
}

bool is_this_machine(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return ascii::equal_without_case(host, "localhost") || in_network("127.0.0.0/8", host) ||
         in_network("::1", host);
}

}  // namespace

std::string from_process(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool excludes(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  if (host.ends_with('.')) host.remove_suffix(1);
  while (!no_proxy.empty()) {
    std::string_view item = no_proxy.substr(0, no_proxy.find(','));
    no_proxy.remove_prefix(std::min(no_proxy.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    // A literal of IPv6 without brackets has more than one colon, and no port.
    const bool ported = item.find(':') != std::string_view::npos &&
                        (item.starts_with('[') || item.find(':') == item.rfind(':'));
    if (!ported) {
      if (names(item, host)) return true;
      continue;
    }
    const Result<HostPort> parts = HostPort::parse(item, port);
    if (parts.ok() && parts->port == port && names(parts->host, host)) return true;
  }
  return false;
}

Result<HttpProxy> read_proxy(std::string_view from, std::string_view url) {
  std::string_view rest = url;
  if (const std::size_t end = rest.find("://"); end != std::string_view::npos) {
    if (!ascii::equal_without_case(rest.substr(0, end), "http")) {
      return unreadable(from, url, "expected http://[user:password@]host:port");
    }
    rest.remove_prefix(end + 3);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  HttpProxy proxy;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + in_base64(unescaped(rest.substr(0, at)));
    rest.remove_prefix(at + 1);
  }
  const Result<HostPort> host = HostPort::parse(rest, kHttpPort);
  if (!host.ok() || host->host.empty() || rest.find('/') != std::string_view::npos) {
    return unreadable(from, url, "expected http://[user:password@]host:port");
  }
  proxy.address = to_string(*host);
  return proxy;
}

Result<std::optional<HttpProxy>> proxy_of_environment(const HostPort& server, ProxiedBytes bytes,
                                                      Environment environment) {
  // In capitals HTTP_PROXY is a header's in CGI programs, which strangers send (CVE-2016-5385).
  const bool tls = bytes == ProxiedBytes::Tls;
  const char* const from = tls ? "https_proxy" : "http_proxy";
  std::string url = environment(from);
  if (url.empty() && tls) url = environment("HTTPS_PROXY");
  std::string no_proxy = environment("no_proxy");
  if (no_proxy.empty()) no_proxy = environment("NO_PROXY");
  if (url.empty() || is_this_machine(server.host) || excludes(no_proxy, server.host, server.port)) {
    return std::optional<HttpProxy>();
  }
  Result<HttpProxy> proxy = read_proxy(from, url);
  if (!proxy.ok()) return std::move(proxy).status();
  proxy->destination = to_string(server);
  return std::optional<HttpProxy>(*std::move(proxy));
}

Status check_proxied_host(std::string_view host) {
  const bool fits = std::all_of(host.begin(), host.end(), [](char c) {
    return ascii::is_alphanumeric(c) ||
           std::string_view("-._~:%").find(c) != std::string_view::npos;
  });
  if (fits) return {};
  return invalid_argument("the host " + log_value(host) +
                          " of the target cannot be named to a proxy: it has other characters than "
                          "names and addresses have");
}

std::string to_string(const HostPort& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

}  // namespace weft::net
