// The caller's zone first. Two balancers of the policy `within`: one of the members in the zone,
// one of the others. While at least spill_below_percent of the zone's members are available, the
// zone takes every call; with fewer, it takes available / (members * spill_below) of them and the
// rest goes out, so that those that are left have no more to do than at the threshold. This is how
// Envoy splits calls between priorities, with 100 / spill_below_percent for its overprovisioning
// factor. Where one side has nobody available, the other takes all.

#include <string>
#include <vector>

#include "weft/base/text/number_text.h"
#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/policy.h"

namespace weft {
namespace cluster {
namespace {

class PreferZone final : public Balancer {
 public:
  static constexpr std::string_view kName = "prefer_zone";
  static Status validate(const PreferZoneOptions& options);

  PreferZone(const PreferZoneOptions& options, const BalancerSetup& setup)
      : zone_(options.zone),
        spill_below_(options.spill_below_percent / 100),
        rng_(setup.rng),
        near_{options.within->make(setup)},
        far_{options.within->make(setup)} {}

  void update(std::span<Member* const> members) override {
    near_.clear();
    far_.clear();
    for (Member* member : members) side_of(*member).add(member);
    near_.update();
    far_.update();
    near_share_ = near_.share_available() / spill_below_;
  }

  Member* pick(const PickRequest& request) override {
    const bool stays = far_.available == 0 ||
                       (near_.available != 0 && (near_share_ >= 1 || rng_.uniform() < near_share_));
    Member* chosen = (stays ? near_ : far_).balancer->pick(request);
    if (chosen != nullptr && !avoided(*chosen, request.tried())) return chosen;
    Member* other = (stays ? far_ : near_).balancer->pick(request);
    if (other == nullptr) return chosen;
    return chosen != nullptr && avoided(*other, request.tried()) ? chosen : other;
  }

  void on_begun(Member& member) override { side_of(member).balancer->on_begun(member); }
  void on_ended(Member& member, const CallReport& report) override {
    side_of(member).balancer->on_ended(member, report);
  }
  bool wants_latency() const noexcept override { return near_.balancer->wants_latency(); }
  void on_load(Member& member, const LoadReport& load) override {
    side_of(member).balancer->on_load(member, load);
  }

 private:
  struct Side {
    std::unique_ptr<Balancer> balancer;
    std::vector<Member*> members{};
    std::size_t available = 0;

    void clear() {
      members.clear();
      available = 0;
    }
    void add(Member* member) {
      members.push_back(member);
      if (member->available()) ++available;
    }
    void update() { balancer->update(members); }
    double share_available() const {
      return members.empty() ? 0
                             : static_cast<double>(available) / static_cast<double>(members.size());
    }
  };

  Side& side_of(const Member& member) { return member.endpoint().zone == zone_ ? near_ : far_; }

  const std::string zone_;
  const double spill_below_;
  Rng& rng_;
  Side near_;
  Side far_;
  double near_share_ = 0;  // of the calls that stay; 1 and above: all
};

Status PreferZone::validate(const PreferZoneOptions& options) {
  if (options.zone.empty()) return invalid_argument("zone is empty");
  if (!(options.spill_below_percent > 0) || options.spill_below_percent > 100) {
    return invalid_argument("spill_below_percent is " + number_text(options.spill_below_percent) +
                            ", and not above 0 and up to 100");
  }
  if (options.within->joins_endpoints()) {
    return invalid_argument("within is " + std::string(options.within->name()) +
                            ", which does not choose between instances");
  }
  const Status valid = options.within->valid();
  return valid.ok() ? valid : valid.with_prefix("within");
}

}  // namespace
}  // namespace cluster

Balancing prefer_zone(PreferZoneOptions options) {
  if (options.within == nullptr) options.within = round_robin();
  return cluster::policy_of<cluster::PreferZone>(std::move(options));
}

}  // namespace weft
