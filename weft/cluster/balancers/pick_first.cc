// One server of which any address will do. The channel makes one member of all endpoints
// (joins_endpoints()) and races their addresses as RFC 8305 describes, in the order of
// address_order.h; so there is nothing left to balance here.

#include <string_view>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/candidates.h"

namespace weft {
namespace cluster {
namespace {

class PickFirst final : public Balancer {
 public:
  void update(std::span<Member* const> members) override { keep_available(members, available_); }
  Member* pick(const PickRequest& request) override {
    return available_.empty() ? nullptr : first_from(available_, 0, request.tried());
  }

 private:
  std::vector<Member*> available_;
};

class PickFirstPolicy final : public BalancerPolicy {
 public:
  explicit PickFirstPolicy(PickFirstOptions options) : options_(options) {}

  std::string_view name() const noexcept override { return "pick_first"; }
  std::unique_ptr<Balancer> make(const BalancerSetup&) const override {
    return std::make_unique<PickFirst>();
  }
  bool joins_endpoints() const noexcept override { return true; }
  bool shuffles_addresses() const noexcept override { return options_.shuffle; }

 private:
  const PickFirstOptions options_;
};

}  // namespace
}  // namespace cluster

Balancing pick_first(PickFirstOptions options) {
  return std::make_shared<const cluster::PickFirstPolicy>(options);
}

}  // namespace weft
