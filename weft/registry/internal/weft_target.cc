#include "weft/registry/internal/weft_target.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "weft/net/socket/address.h"
#include "weft/registry/internal/instance.h"
#include "weft/registry/internal/tls_query.h"

namespace weft::registry {
namespace {

// The port of a registry that a target names without one.
constexpr std::uint16_t kRegistryPort = 7070;

Status read_hosts(std::string_view authority, std::vector<std::string>& into) {
  while (!authority.empty()) {
    const std::string_view item = authority.substr(0, authority.find(','));
    authority.remove_prefix(std::min(authority.size(), item.size() + 1));
    const Result<net::HostPort> parts = net::HostPort::parse(item, kRegistryPort);
    if (!parts.ok()) return parts.status();
    const bool v6 = parts->host.find(':') != std::string::npos;
    into.push_back((v6 ? "[" + parts->host + "]" : parts->host) + ":" +
                   std::to_string(parts->port));
  }
  if (into.empty()) {
    return invalid_argument("it names no registry; expected weft://host:port/service");
  }
  return ok_status();
}

Status read_ttl(const std::string& text, Duration& into) {
  const Status unreadable =
      invalid_argument("ttl '" + text + "' is not a time from 1ms to 1000h like 500ms, 10s or 2m");
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::uint64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  constexpr std::uint64_t kMost = 3'600'000'000;
  if (error != std::errc{} || number == 0 || number > kMost) return unreadable;
  if (factor == 0 || number * factor > kMost) return unreadable;
  into = std::chrono::milliseconds(number * factor);
  return ok_status();
}

Status read_option(const std::string& name, const std::string& value, WeftTarget& into) {
  if (name == "ttl") return read_ttl(value, into.ttl);
  if (name == "allow_local") return read_local_option(value, into.local);
  const Result<bool> tls = read_tls_option(name, value, into.tls);
  if (!tls.ok() || *tls) return tls.status();
  return invalid_argument("'" + name +
                          "' is not known here (known: ttl, allow_local, tls, ca, cert, key, "
                          "server_name)");
}

Status read_all(const cluster::TargetParts& parts, WeftTarget& into) {
  Status status = read_hosts(parts.authority, into.hosts);
  if (status.ok()) status = check_service_name(parts.path);
  if (!status.ok()) return status;
  into.service = parts.path;
  if (are_this_machine(into.hosts)) into.local = LocalAddresses::Accepted;
  for (const auto& [name, value] : parts.query) {
    status = read_option(name, value, into);
    if (!status.ok()) return status;
  }
  return check_tls(into.tls);
}

}  // namespace

Result<WeftTarget> WeftTarget::read(const cluster::TargetParts& parts) {
  WeftTarget target;
  Status status = read_all(parts, target);
  if (status.ok()) return target;
  return status.with_prefix("'" + std::string(cluster::shown(parts.text)) + "'");
}

}  // namespace weft::registry
