// Any member, in proportion to its weight, by the alias method. Needs no memory of earlier picks,
// so that many callers do not fall into step; shares vary as chance does.

#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/alias_table.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/policy.h"

namespace weft {
namespace cluster {
namespace {

struct NoOptions {};

class RandomChoice final : public Balancer {
 public:
  static constexpr std::string_view kName = "random";
  static Status validate(const NoOptions&) { return {}; }

  RandomChoice(const NoOptions&, const BalancerSetup& setup) : rng_(setup.rng) {}

  void update(std::span<Member* const> members) override {
    keep_available(members, available_);
    std::vector<double> weights;
    for (const Member* member : available_) weights.push_back(weight_of(*member));
    table_.build(weights);
  }

  Member* pick(const PickRequest& request) override {
    if (available_.empty()) return nullptr;
    const Tried* tried = request.tried();
    Member* member = available_[table_.draw(rng_)];
    if (!avoided(*member, tried)) return member;
    return first_from(available_, static_cast<std::size_t>(rng_.below(available_.size())), tried);
  }

 private:
  Rng& rng_;
  std::vector<Member*> available_;
  AliasTable table_;
};

}  // namespace
}  // namespace cluster

Balancing random_choice() {
  return cluster::policy_of<cluster::RandomChoice>(cluster::NoOptions{});
}

}  // namespace weft
