#include <utility>

#include "weft/cluster/internal/basic_resolvers.h"
#include "weft/cluster/internal/dns_schedule.h"

namespace weft::cluster {
namespace {

// The port of https, as in gRPC's naming document.
constexpr std::uint16_t kDefaultPort = 443;

std::vector<Endpoint> endpoints_of(std::vector<net::Address> addresses) {
  std::vector<Endpoint> endpoints;
  for (net::Address& address : addresses) {
    Endpoint endpoint;
    endpoint.addresses.push_back(std::move(address));
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

class DnsResolver final : public Resolver {
 public:
  DnsResolver(net::Loop& loop, net::DnsQuestion question)
      : loop_(loop), question_(std::move(question)), schedule_(loop.rng()) {}

  Task<> run(Updates& updates) override {
    for (;;) {
      Result<net::DnsAnswer> found = co_await loop_.look_up(question_);
      DnsSchedule::Pause pause{};
      if (found.ok()) {
        pause = schedule_.after_answer(found->ttl);
        updates.publish(endpoints_of(std::move(found->addresses)));
      } else {
        pause = schedule_.after_failure();
        updates.fail(std::move(found).status());
      }
      const Status again = co_await updates.wanted(pause.at_least, pause.at_most);
      if (!again.ok()) co_return;
    }
  }

 private:
  net::Loop& loop_;
  const net::DnsQuestion question_;
  DnsSchedule schedule_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> dns_resolver(net::Loop& loop, const net::Target& target) {
  const Result<net::HostPort> name = net::HostPort::parse(target.endpoint, kDefaultPort);
  if (!name.ok()) return name.status();
  Result<std::string> servers = name_servers_of(target.authority);
  if (!servers.ok()) {
    return std::move(servers).status().with_prefix("target 'dns://" + target.authority + "/" +
                                                   target.endpoint + "'");
  }
  net::DnsQuestion question(name->host);
  question.port = name->port;
  question.servers = *std::move(servers);
  return std::unique_ptr<Resolver>(std::make_unique<DnsResolver>(loop, std::move(question)));
}

}  // namespace weft::cluster
