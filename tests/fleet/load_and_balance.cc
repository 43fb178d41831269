// Scenarios about who gets how many calls, and more calls than can be served.

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "weft/net/wait.h"
#include "weft/testing/run.h"

#include "fleet.weft.h"
#include "tests/fleet/fleet.h"
#include "tests/fleet/scenarios.h"

namespace weft::fleet {
namespace {

using namespace std::chrono_literals;

struct Spread {
  double most = 0;  // calls under way on the busiest instance, of the mean
  double p99 = 0;
  bool ended = true;
};

/// Ten instances, three of which take five times as long.
Spread run_uneven(std::uint64_t seed, Size size, Balancing policy) {
  Plan plan{.seed = seed, .instances = 10, .clients = size == Size::Full ? 10U : 2U, .rate = 1000};
  plan.channel.balancing.policy = std::move(policy);
  Fleet fleet(std::move(plan));
  for (std::size_t i = 0; i < 3; ++i) fleet.instance(i).behaviour().slowness = 5;
  fleet.begin_load();
  fleet.run_for(2s);
  std::vector<double> under_way(fleet.instances().size());
  const int samples = size == Size::Full ? 2000 : 400;
  for (int i = 0; i < samples; ++i) {
    fleet.run_for(5ms);
    for (std::size_t j = 0; j < under_way.size(); ++j) {
      under_way[j] += static_cast<double>(fleet.instance(j).under_way());
    }
  }
  Spread spread;
  double sum = 0;
  for (const double calls : under_way) sum += calls;
  spread.most = *std::max_element(under_way.begin(), under_way.end()) *
                static_cast<double>(under_way.size()) / sum;
  spread.ended = fleet.end_load();
  spread.p99 = fleet.timeline().quantile(0.99, 2, fleet.timeline().seconds());
  return spread;
}

}  // namespace

/// Of instances of different speed the slow ones have no more calls under way than the others with
/// least_request() and peak_ewma(), and many more with round_robin().
Outcome uneven_instances(std::uint64_t seed, Size size) {
  Outcome outcome("uneven", seed);
  const Spread round = run_uneven(seed, size, round_robin());
  const Spread least = run_uneven(seed, size, least_request());
  const Spread peak = run_uneven(seed, size, peak_ewma());
  if (!round.ended || !least.ended || !peak.ended) {
    outcome.faults.push_back("a call has not ended in time");
  }
  outcome.expect_at_least("busiest to mean, round_robin", round.most, 2.1);
  outcome.expect_at_most("busiest to mean, least_request", least.most, 1.8);
  outcome.expect_at_most("busiest to mean, peak_ewma", peak.most, 1.8);
  outcome.tell("p99 in ms, round_robin", round.p99);
  outcome.tell("p99 in ms, least_request", least.p99);
  outcome.tell("p99 in ms, peak_ewma", peak.p99);
  return outcome;
}

namespace {

constexpr Duration kUseful = 200ms;
constexpr double kCapacity = 1000;  // of an instance, calls per second

struct Goodput {
  double share = 0;  // of the capacity
  std::vector<double> by_second;
};

Goodput run_overload(std::uint64_t seed, Size size, bool shed) {
  const std::size_t instances = size == Size::Full ? 5 : 2;
  const std::size_t clients = 10;
  Plan plan{.seed = seed,
            .instances = instances,
            .clients = clients,
            .rate = 3 * kCapacity * static_cast<double>(instances) / static_cast<double>(clients),
            .timeout = 60s};
  if (shed) plan.server.max_queue_delay = 50ms;
  Fleet fleet(std::move(plan));
  for (const auto& instance : fleet.instances()) {
    instance->behaviour() = {.shortest = 0ns, .longest = 0ns, .computes = 1ms};
  }
  fleet.begin_load();
  const std::size_t seconds = size == Size::Full ? 8 : 3;
  fleet.run_for(std::chrono::seconds(seconds));
  fleet.end_load();
  Goodput goodput;
  goodput.by_second = fleet.timeline().good_by_second(kUseful);
  const double capacity = kCapacity * static_cast<double>(instances);
  goodput.share = static_cast<double>(fleet.timeline().good(1, seconds, kUseful)) /
                  (capacity * static_cast<double>(seconds - 1));
  for (double& calls : goodput.by_second) calls /= capacity;
  return goodput;
}

}  // namespace

/// At three times the capacity the answers that come within 200 ms stay above nine tenths of the
/// capacity when instances refuse what would wait for more than 50 ms, and fall without that.
Outcome overload(std::uint64_t seed, Size size) {
  Outcome outcome("overload", seed);
  const Goodput with = run_overload(seed, size, true);
  outcome.expect_at_least("goodput of capacity with shedding", with.share, 0.9);
  outcome.series["goodput of capacity with shedding"] = with.by_second;
  if (size == Size::Full) {
    const Goodput without = run_overload(seed, size, false);
    outcome.expect_at_most("goodput of capacity without", without.share, 0.5);
    outcome.series["goodput of capacity without"] = without.by_second;
  }
  return outcome;
}

namespace {

Task<std::string> who(Channel& channel, const std::string& user) {
  const ::fleet::WorkClient work{channel};
  const ::fleet::Job job;
  Metadata metadata;
  metadata.add("x-user", user);
  const Result<::fleet::Done> done = co_await work.Do(job, {.metadata = &metadata});
  co_return done.ok() ? done->by() : done.status().to_string();
}

}  // namespace

/// When one of N instances leaves, the keys that move are its own, and about one in N.
Outcome hash_ring(std::uint64_t seed, Size size) {
  Outcome outcome("ring", seed);
  const std::size_t instances = size == Size::Full ? 50 : 10;
  const int users = size == Size::Full ? 10'000 : 500;
  Plan plan{.seed = seed, .instances = instances, .clients = 0};
  Fleet fleet(std::move(plan));
  net::SimLoop& host = fleet.network().host("caller");
  ChannelOptions options;
  options.balancing.policy = ring_hash({.request_hash_header = "x-user"});
  Channel channel(RegistryHost::target(), options);
  testing::run(host, who(channel, "first"));
  fleet.run_for(1s);
  std::map<int, std::string> before;
  for (int i = 0; i < users; ++i) {
    before[i] = testing::run(host, who(channel, std::to_string(i)));
  }
  Instance& gone = fleet.instance(instances / 2);
  const std::string name = gone.name();
  fleet.retire(gone);
  fleet.run_for(1s);
  double moved = 0;
  double moved_from_others = 0;
  for (int i = 0; i < users; ++i) {
    if (testing::run(host, who(channel, std::to_string(i))) == before[i]) continue;
    ++moved;
    if (before[i] != name) ++moved_from_others;
  }
  const double share = moved / users;
  outcome.tell("instances", static_cast<double>(instances));
  // A ring of 1024 points gives each instance its share give or take.
  outcome.expect_within("keys that moved, of one in N", share * static_cast<double>(instances), 0.2,
                        2.5);
  outcome.expect_at_most("keys that moved from other instances", moved_from_others, 0);
  return outcome;
}

}  // namespace weft::fleet
