// Peak EWMA, as in Finagle's load balancer (`PeakEwma`) and linkerd2: of two members drawn by
// chance, the one with the lower cost, which is
//
//     latency * (calls under way + 1)
//
// where the latency is a moving average with weights that decay exponentially with time (not with
// the number of calls), but follows a higher measurement at once: cautious quickly, trusting
// slowly. A member that has not answered yet is given one call; until that has ended it costs more
// than any other. Failures that are the server's or the network's count as slow (PeakEwmaOptions),
// since an instance that fails at once would look like the best of all.
//
// The average is brought forward to the time of the last report, whichever member it was about, so
// that a pick reads no clock.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/policy.h"
#include "weft/cluster/endpoints/outlier.h"

namespace weft {
namespace cluster {
namespace {

// Above any latency that is measured: 10^9 s in ns.
constexpr double kUnknownWithCalls = 1e18;

struct Latency final : Member::State {
  double average = 0;  // nanoseconds; 0: not known
  TimePoint at{};
};

class PeakEwma final : public Balancer {
 public:
  static constexpr std::string_view kName = "peak_ewma";
  static Status validate(const PeakEwmaOptions& options) {
    if (options.decay <= Duration::zero()) {
      return invalid_argument("decay is " + weft::to_string(options.decay) + ", and not above 0s");
    }
    if (options.failure_latency < Duration::zero()) {
      return invalid_argument("failure_latency is " + weft::to_string(options.failure_latency) +
                              ", and not 0s or more");
    }
    return {};
  }

  PeakEwma(const PeakEwmaOptions& options, const BalancerSetup& setup)
      : options_(options), setup_(setup) {}

  void update(std::span<Member* const> members) override {
    keep_available(members, available_);
    for (Member* member : available_) make_state_of<Latency>(*member);
  }

  Member* pick(const PickRequest& request) override {
    const std::size_t count = available_.size();
    if (count <= 1) return count == 0 ? nullptr : available_.front();
    const auto first = static_cast<std::size_t>(setup_.rng.below(count));
    auto second = static_cast<std::size_t>(setup_.rng.below(count - 1));
    if (second >= first) ++second;
    Member* a = available_[first];
    Member* b = available_[second];
    const Tried* tried = request.tried();
    if (avoided(*a, tried)) return avoided(*b, tried) ? first_from(available_, first, tried) : b;
    if (avoided(*b, tried)) return a;
    return cost_of(*b) < cost_of(*a) ? b : a;
  }

  bool wants_latency() const noexcept override { return true; }

  void on_ended(Member& member, const CallReport& report) override {
    Latency* state = state_of<Latency>(member);
    if (state == nullptr) return;
    const Verdict verdict = verdict_of(report.code, report.origin);
    auto measured = static_cast<double>(std::max(report.latency, Duration(1)).count());
    // One that was given up tells only that it would have taken longer.
    if (verdict == Verdict::Nothing && measured < state->average) return;
    if (verdict == Verdict::Failure) {
      measured = std::max(measured, static_cast<double>(options_.failure_latency.count()));
    }
    now_ = std::max(now_, report.now);
    if (measured >= state->average) {
      state->average = measured;
    } else {
      const double kept = kept_since(state->at);
      state->average = state->average * kept + measured * (1 - kept);
    }
    state->at = now_;
  }

 private:
  // How much of an average of that time counts now.
  double kept_since(TimePoint at) const {
    if (at >= now_) return 1;
    return std::exp(-static_cast<double>((now_ - at).count()) /
                    static_cast<double>(options_.decay.count()));
  }

  double cost_of(const Member& member) const {
    const Latency& state = *state_of<Latency>(member);
    const double calls = member.outstanding();
    if (state.average == 0) return calls == 0 ? 0 : kUnknownWithCalls + calls;
    return state.average * kept_since(state.at) * (calls + 1);
  }

  const PeakEwmaOptions options_;
  const BalancerSetup setup_;
  std::vector<Member*> available_;
  TimePoint now_{};  // of the last report
};

}  // namespace
}  // namespace cluster

Balancing peak_ewma(PeakEwmaOptions options) {
  return cluster::policy_of<cluster::PeakEwma>(options);
}

}  // namespace weft
