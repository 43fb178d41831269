#include <utility>

#include "weft/cluster/resolvers/internal/basic_resolvers.h"
#include "weft/cluster/resolvers/internal/dns_schedule.h"
#include "weft/cluster/resolvers/internal/name_resolver.h"

namespace weft::cluster {
namespace {

// The port of https, as in gRPC's naming document.
constexpr std::uint16_t kDefaultPort = 443;

class DnsResolver final : public NameResolver {
 public:
  DnsResolver(net::Loop& loop, net::DnsQuestion question)
      : NameResolver(loop), loop_(loop), question_(std::move(question)) {}

 private:
  Task<Result<Found>> find() override {
    Result<net::DnsAnswer> answer = co_await loop_.look_up(question_);
    if (!answer.ok()) co_return std::move(answer).status();
    Found found{.endpoints = endpoints_of(std::move(answer->addresses)), .ttl = answer->ttl};
    co_return found;
  }

  net::Loop& loop_;
  const net::DnsQuestion question_;
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
