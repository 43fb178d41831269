#include <utility>

#include "weft/cluster/resolvers/internal/basic_resolvers.h"

namespace weft::cluster {
namespace {

class FixedResolver final : public Resolver {
 public:
  explicit FixedResolver(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {}
  Task<> run(Updates& updates) override {
    updates.publish(std::move(endpoints_));
    co_return;
  }

 private:
  std::vector<Endpoint> endpoints_;
};

}  // namespace

std::vector<Endpoint> endpoints_of(std::vector<net::Address> addresses) {
  std::vector<Endpoint> endpoints;
  for (net::Address& address : addresses) {
    Endpoint endpoint;
    endpoint.addresses.push_back(std::move(address));
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

std::unique_ptr<Resolver> fixed_resolver(std::vector<Endpoint> endpoints) {
  return std::make_unique<FixedResolver>(std::move(endpoints));
}

}  // namespace weft::cluster
