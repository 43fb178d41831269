// Scenarios in which instances go, die or fall ill.

#include <algorithm>
#include <memory>
#include <utility>

#include "weft/middleware/retry.h"
#include "weft/middleware/retry_budget.h"

#include "tests/fleet/fleet.h"
#include "tests/fleet/scenarios.h"

namespace weft::fleet {
namespace {

using namespace std::chrono_literals;

void end(Fleet& fleet, Outcome& outcome) {
  if (!fleet.end_load()) outcome.faults.push_back("a call has not ended in time");
  outcome.tell("calls", static_cast<double>(fleet.timeline().calls()));
}

/// Retries that add at most this share to the load.
constexpr double kBudget = 0.2;

class CountAttempts final : public PolicyObserver {
 public:
  void on_policy(const PolicyEvent& event) noexcept override {
    if (event.event == "attempt") ++further_;
  }
  double further() const noexcept { return static_cast<double>(further_); }

 private:
  std::size_t further_ = 0;
};

}  // namespace

/// A rolling deploy under load loses no call, without retries.
Outcome rolling_deploy(std::uint64_t seed, Size size) {
  Outcome outcome("rolling", seed);
  const bool full = size == Size::Full;
  Fleet fleet({.seed = seed,
               .instances = full ? 50U : 5U,
               .clients = full ? 200U : 10U,
               .rate = full ? 5.0 : 20.0});
  fleet.begin_load();
  fleet.run_for(2s);
  for (std::size_t i = 0; i < fleet.instances().size(); ++i) {
    Instance& instance = fleet.instance(i);
    fleet.retire(instance);
    instance.start();
    fleet.run_for(500ms);
  }
  fleet.run_for(2s);
  end(fleet, outcome);
  const Timeline& seen = fleet.timeline();
  outcome.expect_at_most("calls that failed", static_cast<double>(seen.failed()), 0);
  if (!seen.example().empty()) outcome.faults.push_back(seen.example());
  // The last to be replaced takes calls again.
  outcome.expect_at_least("calls on the last one now",
                          static_cast<double>(fleet.instances().back()->served()), 1);
  outcome.series["p99 in ms"] = seen.quantile_by_second(0.99);
  return outcome;
}

/// With retries the callers of ten instances, one of which dies, see no error, and the attempts
/// that this adds stay within the budget.
Outcome dead_instance(std::uint64_t seed, Size size) {
  Outcome outcome("dead", seed);
  const bool full = size == Size::Full;
  CountAttempts attempts;
  Fleet fleet({.seed = seed,
               .instances = 10,
               .clients = full ? 200U : 10U,
               .rate = full ? 10.0 : 50.0,
               .policies = [&attempts](Channel& channel) {
                 RetryOptions options;
                 options.budget = ratio_budget({.ratio = kBudget, .min_per_second = 1});
                 options.observer = &attempts;
                 channel.use(retry(options));
               }});
  for (const auto& instance : fleet.instances()) {
    instance->behaviour() = {.shortest = 50ms, .longest = 150ms};
  }
  fleet.begin_load();
  fleet.run_for(3s);
  fleet.instance(3).crash();
  fleet.run_for(full ? 20s : 5s);
  end(fleet, outcome);
  const Timeline& seen = fleet.timeline();
  outcome.expect_at_most("calls that failed", static_cast<double>(seen.failed()), 0);
  if (!seen.example().empty()) outcome.faults.push_back(seen.example());
  const auto calls = static_cast<double>(seen.calls());
  // As many as it had under way, which in a small fleet is now and then none.
  outcome.expect_at_least("attempts beyond one a call", attempts.further(), full ? 1 : 0);
  outcome.expect_at_most("share of attempts beyond one a call", attempts.further() / calls,
                         kBudget);
  outcome.series["p99 in ms"] = seen.quantile_by_second(0.99);
  return outcome;
}

namespace {

struct Grey {
  double before = 0;
  double worst = 0;
  double after = 0;
  double seconds = -1;  // until p99 is back; -1: never
  std::vector<double> p99;
  std::size_t failed = 0;
  bool ended = true;
};

constexpr std::size_t kGreyAt = 5;

Grey run_grey(std::uint64_t seed, Size size, bool detect) {
  Plan plan{.seed = seed,
            .instances = 10,
            .clients = size == Size::Full ? 100U : 5U,
            .rate = size == Size::Full ? 20.0 : 100.0};
  if (detect) {
    OutlierOptions outliers;
    outliers.interval = 1s;
    plan.channel.balancing.outlier_detection = outliers;
  }
  Fleet fleet(std::move(plan));
  fleet.begin_load();
  fleet.run_for(std::chrono::seconds(kGreyAt));
  fleet.instance(3).behaviour().slowness = 100;
  const std::size_t seconds = 20;
  fleet.run_for(std::chrono::seconds(seconds));
  Grey grey;
  grey.ended = fleet.end_load();
  const Timeline& seen = fleet.timeline();
  grey.before = seen.quantile(0.99, 1, kGreyAt);
  grey.after = seen.quantile(0.99, kGreyAt + seconds - 5, kGreyAt + seconds);
  grey.p99 = seen.quantile_by_second(0.99);
  grey.failed = seen.failed();
  for (std::size_t i = kGreyAt; i < kGreyAt + seconds && i < grey.p99.size(); ++i) {
    grey.worst = std::max(grey.worst, grey.p99[i]);
    if (grey.p99[i] > 2 * grey.before) {
      grey.seconds = -1;
    } else if (grey.seconds < 0) {
      grey.seconds = static_cast<double>(i - kGreyAt);
    }
  }
  return grey;
}

}  // namespace

/// An instance that becomes a hundred times slower without failing is ejected, and the callers' p99
/// is what it was before.
Outcome grey_instance(std::uint64_t seed, Size size) {
  Outcome outcome("grey", seed);
  const Grey with = run_grey(seed, size, true);
  if (!with.ended) outcome.faults.push_back("a call has not ended in time");
  outcome.tell("p99 in ms before", with.before);
  outcome.tell("p99 in ms at its worst", with.worst);
  outcome.expect_at_most("p99 in ms of the last five seconds", with.after, 2 * with.before);
  // A client compares an instance once it has ended ten calls on it, and here has two a second.
  outcome.expect_within("seconds until p99 is back", with.seconds, 0, size == Size::Full ? 12 : 6);
  outcome.series["p99 in ms with outlier detection"] = with.p99;
  if (size == Size::Full) {
    const Grey without = run_grey(seed, size, false);
    outcome.expect_at_least("p99 in ms of the last five seconds, undetected", without.after,
                            10 * without.before);
    outcome.series["p99 in ms without"] = without.p99;
  }
  return outcome;
}

/// Everything at once: whatever happens, each call ends in time with a status, and when it is over
/// all is well.
Outcome chaos(std::uint64_t seed, Size size) {
  Outcome outcome("chaos", seed);
  const bool full = size == Size::Full;
  OutlierOptions outliers;
  outliers.interval = 1s;
  outliers.base_ejection_time = 2s;
  Plan plan{.seed = seed,
            .instances = full ? 50U : 6U,
            .clients = full ? 200U : 8U,
            .rate = 10,
            .timeout = 2s,
            .policies = [](Channel& channel) { channel.use(retry()); }};
  plan.channel.balancing.policy = seed % 2 == 0 ? round_robin() : least_request();
  plan.channel.balancing.outlier_detection = outliers;
  plan.channel.keepalive_time = 1s;
  plan.channel.keepalive_timeout = 1s;
  plan.server.min_ping_interval = 500ms;
  plan.server.handshake_timeout = 2s;
  plan.channel.connect_timeout = 2s;
  plan.channel.max_backoff = 2s;
  Fleet fleet(std::move(plan));
  Rng dice(seed);
  fleet.begin_load();
  const int troubles = full ? 120 : 12;
  std::vector<std::pair<std::string, std::string>> cut;
  for (int i = 0; i < troubles; ++i) {
    fleet.run_for(std::chrono::milliseconds(100 + dice.below(400)));
    Instance& instance = fleet.instance(dice.below(fleet.instances().size()));
    switch (dice.below(7)) {
      case 0:
        instance.crash();
        break;
      case 1:
        if (!instance.running()) instance.start();
        break;
      case 2:
        if (instance.running()) fleet.retire(instance);
        break;
      case 3:
        instance.behaviour().slowness = 100;
        break;
      case 4: {
        const std::string client = fleet.client_name(dice.below(8));
        fleet.network().partition(client, instance.name());
        cut.emplace_back(client, instance.name());
        break;
      }
      case 5:
        fleet.registry().crash();
        break;
      default:
        if (!fleet.registry().running()) fleet.registry().start();
    }
  }
  fleet.registry().crash();
  fleet.run_for(100ms);
  fleet.registry().start();
  for (const auto& [client, instance] : cut) fleet.network().heal(client, instance);
  for (const auto& instance : fleet.instances()) {
    instance->behaviour().slowness = 1;
    if (!instance->running()) instance->start();
  }
  fleet.run_for(40s);
  const std::size_t well_from = fleet.timeline().seconds();
  fleet.run_for(5s);
  end(fleet, outcome);
  const Timeline& seen = fleet.timeline();
  outcome.tell("calls that failed in the trouble", static_cast<double>(seen.failed(0, well_from)));
  outcome.expect_at_most("calls that failed when it was over",
                         static_cast<double>(seen.failed(well_from, seen.seconds())), 0);
  outcome.expect_within("instances listed", static_cast<double>(fleet.registry().instances()),
                        static_cast<double>(fleet.instances().size()),
                        static_cast<double>(fleet.instances().size()));
  for (const auto& [code, count] : seen.failures()) {
    if (code == StatusCode::Unavailable || code == StatusCode::DeadlineExceeded) continue;
    outcome.faults.push_back(std::to_string(count) + " calls ended with " +
                             std::string(name_of(code)) + ", as " + seen.example());
  }
  outcome.series["calls that were answered, by second"] = seen.good_by_second(2s);
  return outcome;
}

}  // namespace weft::fleet
