// Turns in proportion to weights, evenly spread (internal/edf_schedule.h). Weights come from the
// servers' load reports as gRFC A58 defines them:
//
//     weight = qps / (utilization + eps / qps * error_utilization_penalty)
//
// with the application's utilization where it is reported, else the CPU's. A report counts once its
// server has been reporting for the blackout period, and until it is older than the expiration
// period. While fewer than two members have a weight, Endpoint::weight serves; a member without one
// is given the mean of the others. Weights are worked out once per update period, divided by their
// mean, and held within a tenth and ten times of it, as gRPC does, against reports that are noise.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "weft/base/text/number_text.h"
#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/candidates.h"
#include "weft/cluster/balancers/internal/edf_schedule.h"
#include "weft/cluster/balancers/internal/policy.h"

namespace weft {
namespace cluster {
namespace {

constexpr Duration kShortestUpdatePeriod = std::chrono::milliseconds(100);
constexpr double kFarthestFromMean = 10;

struct Weighing final : Member::State {
  double reported = 0;                 // 0: nothing usable
  TimePoint reporting_since = kNever;  // without a gap longer than the expiration period
  TimePoint last_report{};
  double current = 1;  // what its turns go by, about 1
};

Status not_negative(std::string_view option, Duration value) {
  if (value >= Duration::zero()) return {};
  return invalid_argument(std::string(option) + " is " + weft::to_string(value) +
                          ", and not 0s or more");
}

class WeightedRoundRobin final : public Balancer {
 private:
  // Above its uses, whose types are deduced from it.
  auto weight_at(TimePoint now) const {
    return [this, now](const Member& member) {
      const double weight = state_of<Weighing>(member)->current;
      if (options_.slow_start.window == Duration::zero()) return weight;
      return weight * slow_start_factor(options_.slow_start, member, now);
    };
  }

 public:
  static constexpr std::string_view kName = "weighted_round_robin";
  static Status validate(const WeightedRoundRobinOptions& options);

  WeightedRoundRobin(const WeightedRoundRobinOptions& options, const BalancerSetup& setup)
      : options_(options), setup_(setup) {}

  void update(std::span<Member* const> members) override {
    keep_available(members, available_);
    for (Member* member : available_) make_state_of<Weighing>(*member);
    const TimePoint now = setup_.clock.now();
    weigh(now);
    schedule_.update(available_, weight_at(now), setup_.rng);
  }

  Member* pick(const PickRequest& request) override {
    if (!needs_clock_) return schedule_.next(request.tried(), weight_at({}));
    const TimePoint now = setup_.clock.now();
    if (now >= next_weighing_) weigh(now);
    return schedule_.next(request.tried(), weight_at(now));
  }

  void on_ended(Member& member, const CallReport& report) override {
    if (report.load != nullptr) on_load(member, *report.load);
  }
  void on_load(Member& member, const LoadReport& load) override;

 private:
  double usable_report(const Weighing& state, TimePoint now) const;
  void weigh(TimePoint now);

  const WeightedRoundRobinOptions options_;
  const BalancerSetup setup_;
  const bool needs_clock_ = options_.weights == WeightSource::LoadReports ||
                            options_.slow_start.window != Duration::zero();
  std::vector<Member*> available_;
  EdfSchedule schedule_;
  TimePoint next_weighing_{};
};

Status WeightedRoundRobin::validate(const WeightedRoundRobinOptions& options) {
  if (!(options.error_utilization_penalty >= 0)) {
    return invalid_argument("error_utilization_penalty is " +
                            number_text(options.error_utilization_penalty) + ", and not 0 or more");
  }
  if (options.weight_update_period < kShortestUpdatePeriod) {
    return invalid_argument("weight_update_period is " +
                            weft::to_string(options.weight_update_period) + ", and not " +
                            weft::to_string(kShortestUpdatePeriod) + " or more");
  }
  if (Status valid = not_negative("blackout_period", options.blackout_period); !valid.ok()) {
    return valid;
  }
  if (options.weight_expiration_period <= Duration::zero()) {
    return invalid_argument("weight_expiration_period is " +
                            weft::to_string(options.weight_expiration_period) +
                            ", and not above 0s");
  }
  return options.slow_start.valid();
}

void WeightedRoundRobin::on_load(Member& member, const LoadReport& load) {
  if (options_.weights != WeightSource::LoadReports) return;
  const double utilization =
      load.application_utilization > 0 ? load.application_utilization : load.cpu_utilization;
  if (!(load.rps_fractional > 0) || !(utilization > 0)) return;
  if (!std::isfinite(load.rps_fractional) || !std::isfinite(utilization)) return;
  Weighing* state = state_of<Weighing>(member);
  if (state == nullptr) return;  // it has not been in a list yet
  const TimePoint now = setup_.clock.now();
  const bool gap = state->reporting_since != kNever &&
                   now - state->last_report >= options_.weight_expiration_period;
  if (state->reporting_since == kNever || gap) state->reporting_since = now;
  state->last_report = now;
  const double errors =
      load.eps > 0 && std::isfinite(load.eps) ? load.eps / load.rps_fractional : 0;
  // Held within what can be added up: a report is what somebody else says.
  state->reported =
      std::clamp(load.rps_fractional / (utilization + errors * options_.error_utilization_penalty),
                 1e-15, 1e15);
}

double WeightedRoundRobin::usable_report(const Weighing& state, TimePoint now) const {
  if (options_.weights != WeightSource::LoadReports || state.reporting_since == kNever) return 0;
  if (now - state.last_report >= options_.weight_expiration_period) return 0;
  if (now - state.reporting_since < options_.blackout_period) return 0;
  return state.reported;
}

void WeightedRoundRobin::weigh(TimePoint now) {
  next_weighing_ = after(now, options_.weight_update_period);
  double sum_of_reports = 0;
  double sum_of_endpoints = 0;
  std::size_t reporting = 0;
  for (const Member* member : available_) {
    const double reported = usable_report(*state_of<Weighing>(*member), now);
    if (reported > 0) ++reporting;
    sum_of_reports += reported;
    sum_of_endpoints += weight_of(*member);
  }
  const double mean_of_endpoints = sum_of_endpoints / static_cast<double>(available_.size());
  const double mean_of_reports = sum_of_reports / static_cast<double>(reporting);
  for (const Member* member : available_) {
    Weighing& state = *state_of<Weighing>(*member);
    if (reporting < 2) {
      state.current = weight_of(*member) / mean_of_endpoints;
      continue;
    }
    const double reported = usable_report(state, now);
    state.current = reported > 0 ? std::clamp(reported / mean_of_reports, 1 / kFarthestFromMean,
                                              kFarthestFromMean)
                                 : 1;
  }
}

}  // namespace
}  // namespace cluster

Balancing weighted_round_robin(WeightedRoundRobinOptions options) {
  return cluster::policy_of<cluster::WeightedRoundRobin>(options);
}

}  // namespace weft
