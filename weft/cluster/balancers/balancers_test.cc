#include "weft/cluster/balancers/balancers.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/internal/scripted_fleet.h"
#include "weft/testing/allocations.h"

// What holds of every balancer.
namespace weft::cluster {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* name;
  Balancing policy;
};

std::vector<Case> all_balancers() {
  return {
      {"pick_first", pick_first()},
      {"round_robin", round_robin()},
      {"round_robin_slow", round_robin({.slow_start = {.window = std::chrono::seconds(10)}})},
      {"random", random_choice()},
      {"weighted_round_robin", weighted_round_robin()},
      {"least_request", least_request()},
      {"least_request_3", least_request({.choice_count = 3})},
      {"least_request_slow", least_request({.slow_start = {.window = std::chrono::seconds(10)}})},
      {"peak_ewma", peak_ewma()},
      {"ring_hash", ring_hash()},
      {"ring_hash_bounded", ring_hash({.hash_balance_factor = 120})},
      {"maglev", maglev({.table_size = 1021})},
      {"maglev_bounded", maglev({.table_size = 1021, .hash_balance_factor = 120})},
      {"prefer_zone", prefer_zone({.zone = "a"})}};
}

class EveryBalancer : public ::testing::TestWithParam<Case> {};

TEST_P(EveryBalancer, HasPossibleDefaults) { EXPECT_TRUE(GetParam().policy->valid().ok()); }

TEST_P(EveryBalancer, PicksNobodyWhereThereIsNobody) {
  ScriptedFleet fleet(GetParam().policy, 0);
  EXPECT_EQ(fleet.pick(), nullptr);
  fleet.add(endpoint_of(0)).set_available(false, fleet.clock.now());
  fleet.update();
  EXPECT_EQ(fleet.pick(), nullptr);
}

TEST_P(EveryBalancer, PicksNobodyBeforeTheFirstUpdate) {
  Rng rng(1);
  ScriptedClock clock;
  ScriptedRequest request;
  EXPECT_EQ(GetParam().policy->make({rng, clock})->pick(request), nullptr);
}

TEST_P(EveryBalancer, PicksAvailableMembersOnly) {
  ScriptedFleet fleet(GetParam().policy, 6);
  for (const std::size_t away : {0, 2, 5}) fleet.set_available(away, false);
  fleet.update();
  for (int i = 0; i < 1000; ++i) {
    Member* member = fleet.begin();
    ASSERT_NE(member, nullptr);
    EXPECT_TRUE(member->available());
    if (i % 3 == 0) fleet.end(*member);
  }
}

TEST_P(EveryBalancer, GoesWhereTheCallHasNotBeen) {
  ScriptedFleet fleet(GetParam().policy, 4);
  for (int i = 0; i < 200; ++i) {
    Tried tried;
    fleet.request.tried_before = &tried;
    for (int attempt = 0; attempt < 4; ++attempt) {
      Member* member = fleet.pick();
      ASSERT_NE(member, nullptr);
      EXPECT_FALSE(tried.contains(*member)) << "attempt " << attempt;
      tried.add(*member);
    }
    EXPECT_NE(fleet.pick(), nullptr) << "where it has been everywhere, somewhere again";
  }
}

TEST_P(EveryBalancer, GivesAProbedMemberOneCallAtATime) {
  ScriptedFleet fleet(GetParam().policy, 3);
  fleet[1].set_probing(true);
  fleet.begin(fleet[1]);
  for (int i = 0; i < 300; ++i) EXPECT_NE(fleet.pick_number(), 1u);
  // Where there is nobody else, it is used all the same.
  fleet.set_available(0, false);
  fleet.set_available(2, false);
  fleet.update();
  EXPECT_EQ(fleet.pick_number(), 1u);
}

TEST_P(EveryBalancer, ReachesEverybodyUnlessTheyAreOneServer) {
  ScriptedFleet fleet(GetParam().policy, 5);
  std::set<std::size_t> reached;
  for (int i = 0; i < 500; ++i) {
    Member* member = fleet.begin();
    reached.insert(fleet.number_of(member));
    fleet.end(*member, {.latency = std::chrono::milliseconds(1)});
  }
  const bool one_server = GetParam().policy->joins_endpoints();
  EXPECT_EQ(reached.size(), one_server ? 1u : 5u);
}

TEST_P(EveryBalancer, SurvivesMembersThatComeAndGoWithCallsUnderWay) {
  ScriptedFleet fleet(GetParam().policy, 3, 7);
  std::vector<Member*> under_way;
  for (std::size_t step = 0; step < 2000; ++step) {
    fleet.clock.time += std::chrono::milliseconds(50);
    const std::uint64_t what = fleet.rng.below(10);
    const auto number = static_cast<std::size_t>(fleet.rng.below(fleet.size()));
    if (what == 0) fleet.add(endpoint_of(fleet.size()));
    if (what <= 1) fleet[number].set_available(fleet.rng.below(2) == 0, fleet.clock.now());
    if (what <= 1) fleet.update();
    if (Member* member = fleet.begin()) under_way.push_back(member);
    if (under_way.size() > 5) {
      const auto which = static_cast<std::size_t>(fleet.rng.below(under_way.size()));
      fleet.end(*under_way[which], {.latency = std::chrono::milliseconds(5)});
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
}

TEST_P(EveryBalancer, TakesOverMembersThatAnotherBalancerHad) {
  for (const Case& before : all_balancers()) {
    ScriptedFleet fleet(before.policy, 3);
    Member* under_way = fleet.begin();
    fleet.balancer = GetParam().policy->make({fleet.rng, fleet.clock});
    fleet.end(*under_way);  // which the new one has never heard of
    fleet.update();
    EXPECT_EQ(fleet.shares(30).size(), 3u) << "after " << before.name;
  }
}

TEST_P(EveryBalancer, AllocatesNothingForAPick) {
  ScriptedFleet fleet(GetParam().policy, 20);
  Tried tried;
  tried.add(fleet[3]);
  fleet.request.tried_before = &tried;
  std::vector<Member*> under_way;
  under_way.reserve(100);
  fleet.shares(10);
  const std::size_t before = testing::allocations;
  for (int i = 0; i < 100; ++i) under_way.push_back(fleet.begin());
  for (Member* member : under_way) fleet.end(*member, {.latency = std::chrono::milliseconds(1)});
  EXPECT_EQ(testing::allocations - before, 0u);
}

INSTANTIATE_TEST_SUITE_P(, EveryBalancer, ::testing::ValuesIn(all_balancers()),
                         [](const auto& test) { return test.param.name; });

TEST(MakeBalancer, KnowsTheNamesOfGrpcWithAndWithoutExperimental) {
  for (const char* name : {"pick_first", "round_robin", "random", "weighted_round_robin",
                           "least_request", "least_request_experimental", "peak_ewma", "ring_hash",
                           "ring_hash_experimental", "maglev"}) {
    EXPECT_TRUE(make_balancer(name).ok()) << name;
  }
  EXPECT_EQ(make_balancer("ring_hash").value()->name(), "ring_hash_experimental");
}

TEST(MakeBalancer, NamesThoseThatThereAre) {
  const Status status = make_balancer("grpclb").status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(),
            "there is no balancer \"grpclb\", only pick_first, round_robin, random, "
            "weighted_round_robin, least_request, peak_ewma, ring_hash, maglev");
}

TEST(BalancerOptions, AreRefusedByNameValueAndLimit) {
  const std::pair<Balancing, const char*> refused[] = {
      {round_robin({.slow_start = {.window = -std::chrono::seconds(1)}}),
       "round_robin: slow_start.window is -1s, and not 0s or more"},
      {round_robin({.slow_start = {.aggression = 0}}), "slow_start.aggression is 0"},
      {least_request({.slow_start = {.min_weight_percent = 101}}),
       "slow_start.min_weight_percent is 101"},
      {least_request({.choice_count = 1}),
       "least_request_experimental: choice_count is 1, and not 2 to 100"},
      {least_request({.choice_count = 101}), "choice_count is 101"},
      {weighted_round_robin({.error_utilization_penalty = -0.5}),
       "error_utilization_penalty is -0.5"},
      {weighted_round_robin({.weight_update_period = std::chrono::milliseconds(99)}),
       "weight_update_period is 99ms, and not 100ms or more"},
      {weighted_round_robin({.blackout_period = -std::chrono::seconds(1)}),
       "blackout_period is -1s"},
      {weighted_round_robin({.weight_expiration_period = {}}), "weight_expiration_period is 0s"},
      {peak_ewma({.decay = {}}), "peak_ewma: decay is 0s, and not above 0s"},
      {peak_ewma({.failure_latency = -std::chrono::seconds(1)}), "failure_latency is -1s"},
      {ring_hash({.min_ring_size = 0}),
       "ring_hash_experimental: min_ring_size is 0, and not 1 to 8388608"},
      {ring_hash({.max_ring_size = kMaxRingSize + 1}), "max_ring_size is 8388609"},
      {ring_hash({.min_ring_size = 5000}),
       "min_ring_size is 5000, above max_ring_size, which is 4096"},
      {ring_hash({.hash_balance_factor = 100}),
       "hash_balance_factor is 100, and neither 0 nor above 100"},
      {maglev({.table_size = 65536}), "maglev: table_size is 65536, and not a prime"},
      {maglev({.table_size = 5'000'077}), "table_size is 5000077"},
      {prefer_zone({}), "prefer_zone: zone is empty"},
      {prefer_zone({.zone = "a", .spill_below_percent = 0}), "spill_below_percent is 0"},
      {prefer_zone({.zone = "a", .within = pick_first()}), "within is pick_first"},
      {prefer_zone({.zone = "a", .within = least_request({.choice_count = 0})}),
       "prefer_zone: within: least_request_experimental: choice_count is 0"},
  };
  for (const auto& [policy, why] : refused) {
    const Status status = policy->valid();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
}

}  // namespace
}  // namespace weft::cluster
