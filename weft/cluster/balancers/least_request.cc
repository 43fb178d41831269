// The power of two choices (Mitzenmacher 2001; gRFC A48): of choice_count members drawn by chance,
// the one with the fewest calls under way. Nearly as good as looking at all of them, and without
// everybody's rush to the same one. Members are drawn in proportion to their weight and compared by
// calls under way per weight, so that shares follow the weights when there is little to do, and the
// load does when there is much. Where there are no more members than choices, all are looked at.

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/alias_table.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/policy.h"

namespace weft {
namespace cluster {
namespace {

constexpr std::uint32_t kMaxChoices = 100;  // as gRFC A48

class LeastRequest final : public Balancer {
 public:
  static constexpr std::string_view kName = "least_request_experimental";
  static Status validate(const LeastRequestOptions& options) {
    if (options.choice_count < 2 || options.choice_count > kMaxChoices) {
      return invalid_argument("choice_count is " + std::to_string(options.choice_count) +
                              ", and not 2 to " + std::to_string(kMaxChoices));
    }
    return options.slow_start.valid();
  }

  LeastRequest(const LeastRequestOptions& options, const BalancerSetup& setup)
      : options_(options), setup_(setup) {}

  void update(std::span<Member* const> members) override {
    keep_available(members, available_);
    std::vector<double> weights;
    slow_until_ = TimePoint{};
    for (const Member* member : available_) {
      weights.push_back(weight_of(*member));
      if (options_.slow_start.window == Duration::zero()) continue;
      slow_until_ =
          std::max(slow_until_, after(member->available_since(), options_.slow_start.window));
    }
    table_.build(weights);
  }

  Member* pick(const PickRequest& request) override {
    const std::size_t count = available_.size();
    if (count <= 1) return count == 0 ? nullptr : available_.front();
    const Tried* tried = request.tried();
    const TimePoint now = time_of_slow_start();
    std::size_t best = draw(now);
    double least = load_of(*available_[best], tried, now);
    const std::size_t others = std::min<std::size_t>(options_.choice_count, count) - 1;
    std::size_t last = best;
    for (std::size_t i = 0; i < others; ++i) {
      std::size_t other = last + 1 == count ? 0 : last + 1;
      if (others + 1 < count) {
        const std::size_t drawn = draw(now);
        if (drawn != best) other = drawn;
      }
      last = other;
      const double load = load_of(*available_[other], tried, now);
      if (load < least) {
        best = other;
        least = load;
      }
    }
    return least < kAvoided ? available_[best] : first_from(available_, best, tried);
  }

 private:
  static constexpr double kAvoided = std::numeric_limits<double>::infinity();

  // Zero where nobody starts slowly.
  TimePoint time_of_slow_start() {
    if (slow_until_ == TimePoint{}) return {};
    const TimePoint now = setup_.clock.now();
    if (now < slow_until_) return now;
    slow_until_ = TimePoint{};
    return {};
  }

  double factor(const Member& member, TimePoint now) const {
    return now == TimePoint{} ? 1 : slow_start_factor(options_.slow_start, member, now);
  }

  std::size_t draw(TimePoint now) {
    std::size_t drawn = table_.draw(setup_.rng);
    if (now == TimePoint{}) return drawn;
    // A slow starter's draw counts with probability `factor`; where all are slow alike, somebody's
    // does soon.
    for (std::size_t again = 0; again < available_.size(); ++again) {
      if (setup_.rng.uniform() < factor(*available_[drawn], now)) break;
      drawn = table_.draw(setup_.rng);
    }
    return drawn;
  }

  double load_of(const Member& member, const Tried* tried, TimePoint now) const {
    if (avoided(member, tried)) return kAvoided;
    return member.outstanding() / (weight_of(member) * factor(member, now));
  }

  const LeastRequestOptions options_;
  const BalancerSetup setup_;
  std::vector<Member*> available_;
  AliasTable table_;
  TimePoint slow_until_{};  // zero: nobody starts slowly
};

}  // namespace
}  // namespace cluster

Balancing least_request(LeastRequestOptions options) {
  return cluster::policy_of<cluster::LeastRequest>(options);
}

}  // namespace weft
