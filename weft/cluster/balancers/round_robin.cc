// One after the other in the resolver's order, from a random start. When the list changes, the turn
// stays with whoever is next of those that are left. With slow start, a member whose factor is f is
// passed over with probability 1 - f when its turn comes; everybody still has one turn in each
// round, so nobody's share depends on who stands behind whom.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/policy.h"

namespace weft {
namespace cluster {
namespace {

class RoundRobin final : public Balancer {
 public:
  static constexpr std::string_view kName = "round_robin";
  static Status validate(const RoundRobinOptions& options) { return options.slow_start.valid(); }

  RoundRobin(const RoundRobinOptions& options, const BalancerSetup& setup)
      : slow_start_(options.slow_start), setup_(setup) {}

  void update(std::span<Member* const> members) override {
    const std::vector<std::uint64_t> before = std::move(ids_);
    keep_available(members, available_);
    ids_.clear();
    for (const Member* member : available_) ids_.push_back(member->id());
    next_ = turn_after(before);
    slow_until_ = TimePoint{};
    if (slow_start_.window == Duration::zero()) return;
    for (const Member* member : available_) {
      slow_until_ = std::max(slow_until_, after(member->available_since(), slow_start_.window));
    }
  }

  Member* pick(const PickRequest& request) override {
    if (available_.empty()) return nullptr;
    begun_ = true;
    const Tried* tried = request.tried();
    if (slow_until_ != TimePoint{}) pass_over_slow_starters(tried);
    const std::size_t start = next_;
    for (;;) {
      Member* member = available_[next_];
      if (++next_ == available_.size()) next_ = 0;
      if (!avoided(*member, tried)) return member;
      if (next_ == start) return member;
    }
  }

 private:
  // Where the turn is in the new list: with the first of the old list, from its turn on, that is
  // still there.
  std::size_t turn_after(const std::vector<std::uint64_t>& before) {
    if (ids_.empty()) return 0;
    // Until somebody was picked, the start stays random: at first members appear one by one, and
    // callers who start together must not all begin with the one that connects first.
    for (std::size_t i = 0; begun_ && i < before.size(); ++i) {
      const std::uint64_t id = before[(next_ + i) % before.size()];
      const auto found = std::find(ids_.begin(), ids_.end(), id);
      if (found != ids_.end()) return static_cast<std::size_t>(found - ids_.begin());
    }
    return static_cast<std::size_t>(setup_.rng.below(ids_.size()));
  }

  void pass_over_slow_starters(const Tried* tried) {
    const TimePoint now = setup_.clock.now();
    if (now >= slow_until_) {
      slow_until_ = TimePoint{};
      return;
    }
    // Bounded, though where all are slow alike each round takes somebody soon.
    for (std::size_t passed = 0; passed < available_.size(); ++passed) {
      const Member& member = *available_[next_];
      if (!avoided(member, tried) &&
          setup_.rng.uniform() < slow_start_factor(slow_start_, member, now)) {
        return;
      }
      if (++next_ == available_.size()) next_ = 0;
    }
  }

  const SlowStartOptions slow_start_;
  const BalancerSetup setup_;
  std::vector<Member*> available_;
  std::vector<std::uint64_t> ids_;  // theirs, since old members may be gone in update()
  std::size_t next_ = 0;
  bool begun_ = false;
  TimePoint slow_until_{};  // zero: nobody starts slowly
};

}  // namespace
}  // namespace cluster

Balancing round_robin(RoundRobinOptions options) {
  return cluster::policy_of<cluster::RoundRobin>(options);
}

}  // namespace weft
