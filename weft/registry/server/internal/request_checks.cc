#include "weft/registry/server/internal/request_checks.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "weft/cluster/resolvers/announcer.h"
#include "weft/net/socket/address_scope.h"
#include "weft/net/socket/client_key.h"

namespace weft::registry {
namespace {

constexpr std::size_t kMaxId = 128;
constexpr int kMaxAddresses = 16;

Status too_large(std::string_view what, std::size_t size, std::string_view of, std::size_t limit,
                 std::string_view option) {
  std::string text(what);
  text.append(" has ").append(std::to_string(size)).append(" ").append(of);
  text.append(", more than ").append(std::to_string(limit));
  return resource_exhausted(text.append(" (RegistryOptions::").append(option).append(")"));
}

Status check_attributes(const v1::Instance& instance, const RegistryOptions& options) {
  const auto& attributes = instance.attributes();
  if (attributes.size() > options.max_attributes) {
    return too_large("the instance", attributes.size(), "attributes", options.max_attributes,
                     "max_attributes");
  }
  for (const auto& [name, value] : attributes) {
    if (name.size() > options.max_attribute_name) {
      return too_large("the name of an attribute", name.size(), "bytes", options.max_attribute_name,
                       "max_attribute_name");
    }
    if (value.size() > options.max_attribute_value) {
      return too_large("attribute '" + name + "'", value.size(), "bytes",
                       options.max_attribute_value, "max_attribute_value");
    }
  }
  return {};
}

}  // namespace

Status check_instance(const v1::Instance& instance, const RegistryOptions& options) {
  if (instance.id().empty() || instance.id().size() > kMaxId) {
    return invalid_argument("the instance's id has " + std::to_string(instance.id().size()) +
                            " bytes, not 1 to " + std::to_string(kMaxId));
  }
  if (instance.addresses_size() > kMaxAddresses) {
    return invalid_argument("the instance has " + std::to_string(instance.addresses_size()) +
                            " addresses, more than " + std::to_string(kMaxAddresses));
  }
  if (instance.weight() > cluster::kMaxAnnouncedWeight) {
    return invalid_argument("the instance's weight is " + std::to_string(instance.weight()) +
                            ", more than " + std::to_string(cluster::kMaxAnnouncedWeight));
  }
  const std::size_t size = instance.ByteSizeLong();
  if (size > options.max_instance_size) {
    return too_large("the instance", size, "bytes with its attributes", options.max_instance_size,
                     "max_instance_size");
  }
  return check_attributes(instance, options);
}

Status check_addresses(const cluster::Endpoint& endpoint, const Peer& peer, const net::Loop& loop) {
  const bool local = peer.has_address()
                         ? net::scope_of(peer.address, loop) == net::AddressScope::Machine
                         : peer.kind() == Peer::Kind::InProcess;
  if (local) return {};
  for (const net::Address& address : endpoint.addresses) {
    const net::AddressScope scope = net::scope_of(address, loop);
    if (scope == net::AddressScope::Everywhere) continue;
    return invalid_argument("address '" + address.to_string() + "' " +
                            std::string(net::description_of(scope)) +
                            ": only clients that reach the registry by a loopback address or a "
                            "Unix socket may register it, and this one is at " +
                            peer.describe());
  }
  return {};
}

std::string client_of(const Peer& peer) {
  constexpr std::size_t kLongest = 64;
  return peer.has_address() ? net::client_key(peer.address) : peer.describe().substr(0, kLongest);
}

Result<Duration> check_ttl(std::uint32_t ttl_ms, const RegistryOptions& options) {
  const Duration ttl = ttl_ms == 0 ? options.default_ttl : std::chrono::milliseconds(ttl_ms);
  if (ttl >= options.min_ttl && ttl <= options.max_ttl) return ttl;
  return invalid_argument("a lease of " + to_string(ttl) + " is not from " +
                          to_string(options.min_ttl) + " to " + to_string(options.max_ttl) +
                          " (RegistryOptions::min_ttl, max_ttl)");
}

Status check_options(const RegistryOptions& options) {
  if (options.min_ttl < std::chrono::milliseconds(1) || options.min_ttl > options.default_ttl ||
      options.default_ttl > options.max_ttl || options.max_ttl > std::chrono::hours(1000)) {
    return invalid_argument("RegistryOptions: min_ttl " + to_string(options.min_ttl) +
                            ", default_ttl " + to_string(options.default_ttl) + " and max_ttl " +
                            to_string(options.max_ttl) +
                            " are not in this order, from 1ms to 1000h");
  }
  if (options.heartbeat < std::chrono::milliseconds(10) ||
      options.heartbeat > std::chrono::hours(1)) {
    return invalid_argument("RegistryOptions: a heartbeat of " + to_string(options.heartbeat) +
                            " is not from 10ms to 1h");
  }
  if (options.restart_grace < Duration::zero() || options.restart_grace > std::chrono::hours(1)) {
    return invalid_argument("RegistryOptions: a restart_grace of " +
                            to_string(options.restart_grace) + " is not from 0s to 1h");
  }
  const std::pair<std::string_view, std::size_t> limits[] = {
      {"max_instances", options.max_instances},
      {"max_instances_per_client", options.max_instances_per_client},
      {"max_memory", options.max_memory},
      {"max_memory_per_client", options.max_memory_per_client},
      {"max_instance_size", options.max_instance_size},
      {"max_watches", options.max_watches},
      {"max_watches_per_client", options.max_watches_per_client},
      {"history", options.history},
      {"max_history_memory", options.max_history_memory}};
  for (const auto& [name, limit] : limits) {
    if (limit == 0) return invalid_argument("RegistryOptions: " + std::string(name) + " is 0");
  }
  return {};
}

}  // namespace weft::registry
