#include <chrono>
#include <utility>

#include "weft/cluster/internal/basic_resolvers.h"

namespace weft::cluster {
namespace {

// gRPC's: a name is asked for at most every 30 seconds, whatever fails.
constexpr Duration kAtLeast = std::chrono::seconds(30);
// The port of https, as in gRPC's naming document.
constexpr std::uint16_t kDefaultPort = 443;

class DnsResolver final : public Resolver {
 public:
  DnsResolver(net::Loop& loop, net::HostPort name) : loop_(loop), name_(std::move(name)) {}

  Task<> run(Updates& updates) override {
    for (;;) {
      Result<std::vector<net::Address>> found = co_await loop_.resolve(name_.host, name_.port);
      if (found.ok()) {
        updates.publish(endpoints_of(std::move(*found)));
      } else {
        updates.fail(std::move(found).status());
      }
      const Status again = co_await updates.wanted(kAtLeast, kForever);
      if (!again.ok()) co_return;
    }
  }

 private:
  static std::vector<Endpoint> endpoints_of(std::vector<net::Address> addresses) {
    std::vector<Endpoint> endpoints;
    for (net::Address& address : addresses) {
      Endpoint endpoint;
      endpoint.addresses.push_back(std::move(address));
      endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
  }

  net::Loop& loop_;
  net::HostPort name_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> dns_resolver(net::Loop& loop, const net::Target& target) {
  Result<net::HostPort> name = net::HostPort::parse(target.endpoint, kDefaultPort);
  if (!name.ok()) return std::move(name).status();
  return std::unique_ptr<Resolver>(std::make_unique<DnsResolver>(loop, std::move(*name)));
}

}  // namespace weft::cluster
