// SRV records (RFC 2782): a name has hosts, each with a port, a priority and a weight. The hosts of
// the lowest priority that has addresses are published; the RFC's choice among hosts by their
// weights is the balancer's.

#include <algorithm>
#include <map>
#include <utility>

#include "weft/cluster/resolvers/internal/basic_resolvers.h"
#include "weft/cluster/resolvers/internal/dns_schedule.h"
#include "weft/cluster/resolvers/internal/name_resolver.h"
#include "weft/cluster/resolvers/internal/target_options.h"
#include "weft/coro/all.h"
#include "weft/coro/semaphore.h"

namespace weft::cluster {
namespace {

// Of many hosts so many are looked up at a time: a burst of hundreds would be lost on its way.
constexpr std::size_t kLookupsAtOnce = 16;

using Group = std::vector<net::DnsService>;

std::map<std::uint16_t, Group> by_priority(std::vector<net::DnsService> services) {
  std::map<std::uint16_t, Group> groups;
  for (net::DnsService& service : services) {
    groups[service.priority].push_back(std::move(service));
  }
  return groups;
}

/// "." says that the service is decidedly not there.
bool is_refusal(const std::vector<net::DnsService>& services) {
  return services.size() == 1 && (services[0].host.empty() || services[0].host == ".");
}

class SrvResolver final : public NameResolver {
 public:
  SrvResolver(net::Loop& loop, std::string name, std::string servers)
      : NameResolver(loop),
        loop_(loop),
        name_(std::move(name)),
        servers_(std::move(servers)),
        lookups_(kLookupsAtOnce) {}

 private:
  Task<Result<Found>> find() override {
    net::DnsQuestion question(name_, net::DnsQuestion::Kind::Services);
    question.servers = servers_;
    Result<net::DnsAnswer> answer = co_await loop_.look_up(std::move(question));
    if (!answer.ok()) co_return std::move(answer).status();
    if (is_refusal(answer->services)) {
      co_return unavailable("name '" + name_ + "': its SRV record says that there is no service");
    }
    ttl_ = answer->ttl;
    Status first_failure;
    for (auto& [priority, group] : by_priority(std::move(answer->services))) {
      Found found{.endpoints = {}, .ttl = kForever};
      const Status status = co_await find_hosts(group, found.endpoints);
      found.ttl = ttl_;
      if (!found.endpoints.empty()) co_return found;
      if (first_failure.ok()) first_failure = status;
    }
    co_return first_failure.with_prefix("none of the hosts of '" + name_ + "' can be found");
  }

  /// The hosts of a group that have addresses, in their order; the failure of the first that has
  /// not.
  Task<Status> find_hosts(const Group& group, std::vector<Endpoint>& into) {
    std::vector<Task<Result<Endpoint>>> lookups;
    for (const net::DnsService& service : group) lookups.push_back(find_host(service));
    std::vector<Result<Endpoint>> found = co_await all(std::move(lookups));
    Status first_failure;
    for (Result<Endpoint>& endpoint : found) {
      if (endpoint.ok()) {
        into.push_back(*std::move(endpoint));
      } else if (first_failure.ok()) {
        first_failure = std::move(endpoint).status();
      }
    }
    co_return first_failure;
  }

  Task<Result<Endpoint>> find_host(const net::DnsService& service) {
    Result<Semaphore::Permit> permit = co_await lookups_.acquire();
    if (!permit.ok()) co_return std::move(permit).status();
    net::DnsQuestion question(service.host);
    question.port = service.port;
    question.servers = servers_;
    Result<net::DnsAnswer> answer = co_await loop_.look_up(std::move(question));
    if (!answer.ok()) co_return std::move(answer).status();
    ttl_ = std::min(ttl_, answer->ttl);
    Endpoint endpoint;
    endpoint.addresses = std::move(answer->addresses);
    endpoint.name = service.host;
    // 0 means hardly any calls beside hosts that have a weight, and an equal share among its like.
    endpoint.weight = std::max<std::uint32_t>(1, service.weight);
    co_return endpoint;
  }

  net::Loop& loop_;
  const std::string name_;
  const std::string servers_;
  Semaphore lookups_;
  Duration ttl_ = kForever;  // the shortest of the answers to what is being asked
};

}  // namespace

Result<std::unique_ptr<Resolver>> srv_resolver(net::Loop& loop, const TargetParts& target) {
  if (Status status = refuse_options(target); !status.ok()) return status;
  const std::string prefix = "target '" + target.text + "'";
  Result<std::string> servers = name_servers_of(target.authority);
  if (!servers.ok()) return std::move(servers).status().with_prefix(prefix);
  if (target.path.empty() || target.path.find_first_of(":/") != std::string::npos) {
    return invalid_argument(prefix + ": expected srv:///_service._proto.name, without a port");
  }
  return std::unique_ptr<Resolver>(
      std::make_unique<SrvResolver>(loop, target.path, *std::move(servers)));
}

}  // namespace weft::cluster
