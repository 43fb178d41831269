#include "weft/registry/internal/endpoint_filter.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "weft/base/log.h"
#include "weft/cluster/resolvers/announcer.h"
#include "weft/net/socket/address_scope.h"
#include "weft/registry/internal/tls_query.h"
#include "weft/registry/registry.h"

namespace weft::registry {
namespace {

// A registry full of what is refused is worth a line now and then.
constexpr Duration kBetweenLines = std::chrono::minutes(1);

std::atomic<std::uint64_t> all_refused{0};

bool is_this_machine(const std::string& text) {
  const Result<net::HostPort> parts = net::HostPort::parse(text);
  if (!parts.ok()) return false;
  // RFC 6761, 6.3.
  if (parts->host == "localhost" || parts->host.ends_with(".localhost")) return true;
  const Result<net::Address> address = net::Address::ip(parts->host, parts->port);
  return address.ok() && net::scope_of(*address) == net::AddressScope::Machine;
}

}  // namespace

std::uint64_t refused_addresses() noexcept { return all_refused.load(std::memory_order_relaxed); }

Status read_local_option(const std::string& value, LocalAddresses& into) {
  bool allowed = false;
  Status status = read_switch("allow_local", value, allowed);
  if (status.ok()) into = allowed ? LocalAddresses::Accepted : LocalAddresses::Refused;
  return status;
}

bool are_this_machine(const std::vector<std::string>& hosts) {
  return std::all_of(hosts.begin(), hosts.end(), &is_this_machine);
}

std::vector<cluster::Endpoint> EndpointFilter::admit(std::vector<cluster::Endpoint> endpoints,
                                                     const std::vector<Status>& unreadable) {
  refusal_ = {};
  std::set<std::string> refused;
  for (const Status& why : unreadable) refuse(std::string(why.message()), why, refused);
  for (cluster::Endpoint& endpoint : endpoints) admit(endpoint, refused);
  std::erase_if(endpoints, [](const auto& endpoint) { return endpoint.addresses.empty(); });
  refused_ = std::move(refused);
  tell();
  return endpoints;
}

void EndpointFilter::admit(cluster::Endpoint& endpoint, std::set<std::string>& refused) {
  std::erase_if(endpoint.addresses, [&](const net::Address& address) {
    const Status status = check(address);
    if (status.ok()) return false;
    refuse(address.to_string(), status, refused);
    return true;
  });
  if (endpoint.weight > cluster::kMaxAnnouncedWeight) {
    const std::string weight = std::to_string(endpoint.weight);
    refuse("weight " + weight + " of " + cluster::to_string(endpoint),
           invalid_argument("weight " + weight + " counts as " +
                            std::to_string(cluster::kMaxAnnouncedWeight) +
                            ", the most that a registry may give"),
           refused);
    endpoint.weight = cluster::kMaxAnnouncedWeight;
  }
}

Status EndpointFilter::check(const net::Address& address) const {
  const net::AddressScope scope = net::scope_of(address, loop_);
  if (scope == net::AddressScope::Everywhere) return {};
  if (scope != net::AddressScope::Nowhere && local_ == LocalAddresses::Accepted) return {};
  std::string text = "address '" + address.to_string() + "' ";
  text.append(net::description_of(scope));
  if (scope != net::AddressScope::Nowhere) {
    text.append(", and a registry elsewhere may not name one (the target's allow_local=true)");
  }
  return invalid_argument(text);
}

void EndpointFilter::refuse(std::string what, const Status& why, std::set<std::string>& refused) {
  if (refusal_.ok()) refusal_ = why;
  if (!refused_.contains(what) && !refused.contains(what)) {
    ++untold_;
    all_refused.fetch_add(1, std::memory_order_relaxed);
  }
  refused.insert(std::move(what));
}

void EndpointFilter::tell() {
  if (untold_ == 0) return;
  const TimePoint now = loop_.now();
  if (told_ != TimePoint{} && now - told_ < kBetweenLines) return;
  std::string line = "registry: " + target_ + ": refused: " + std::string(refusal_.message());
  if (untold_ > 1) line.append(" (and ").append(std::to_string(untold_ - 1)).append(" more)");
  log(LogLevel::Warn, line);
  told_ = now;
  untold_ = 0;
}

}  // namespace weft::registry
