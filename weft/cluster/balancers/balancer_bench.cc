#include <cstddef>
#include <string>

#include <benchmark/benchmark.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

// What a pick costs, with its call begun and ended; and what a changed list costs.
namespace weft::cluster {
namespace {

Balancing policy_named(const std::string& name) {
  if (name == "weights") return weighted_round_robin({.weights = WeightSource::Endpoints});
  if (name == "ring_bounded") return ring_hash({.hash_balance_factor = 125});
  return make_balancer(name).value();
}

void pick(benchmark::State& state, const char* name) {
  ScriptedFleet fleet(policy_named(name), static_cast<std::size_t>(state.range(0)), 1, nullptr);
  for (auto _ : state) {
    Member* member = fleet.begin();
    benchmark::DoNotOptimize(member);
    fleet.end(*member, {.latency = std::chrono::milliseconds(1)});
  }
}
BENCHMARK_CAPTURE(pick, round_robin, "round_robin")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, random, "random")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, least_request, "least_request")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, peak_ewma, "peak_ewma")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, weighted_round_robin, "weighted_round_robin")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, weights_of_endpoints, "weights")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, ring_hash, "ring_hash")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, ring_hash_bounded, "ring_bounded")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(pick, maglev, "maglev")->Arg(10)->Arg(1000);

// One of the members goes, and comes back.
void change(benchmark::State& state, const char* name) {
  ScriptedFleet fleet(policy_named(name), static_cast<std::size_t>(state.range(0)), 1, nullptr);
  const std::vector<Member*> all = fleet.listed();
  for (auto _ : state) {
    fleet.balancer->update(std::span(all).subspan(1));
    fleet.balancer->update(all);
  }
}
BENCHMARK_CAPTURE(change, round_robin, "round_robin")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(change, weighted_round_robin, "weighted_round_robin")->Arg(1000);
BENCHMARK_CAPTURE(change, ring_hash, "ring_hash")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(change, maglev, "maglev")->Arg(10)->Arg(1000);

// One of the members becomes unavailable, and available again: no ring or table is made anew.
void availability(benchmark::State& state, const char* name) {
  ScriptedFleet fleet(policy_named(name), static_cast<std::size_t>(state.range(0)), 1, nullptr);
  const std::vector<Member*> all = fleet.listed();
  for (auto _ : state) {
    fleet.set_available(0, !fleet[0].available());
    fleet.balancer->update(all);
  }
}
BENCHMARK_CAPTURE(availability, ring_hash, "ring_hash")->Arg(1000);
BENCHMARK_CAPTURE(availability, maglev, "maglev")->Arg(1000);

}  // namespace
}  // namespace weft::cluster
