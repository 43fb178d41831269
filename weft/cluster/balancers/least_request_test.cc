#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/alias_table.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

// The balancers that draw: random and least_request.
namespace weft::cluster {
namespace {

// With 9 degrees of freedom, chance exceeds this once in a thousand seeds.
constexpr double kChiSquare9 = 27.9;

TEST(AliasTable, DrawsInProportion) {
  AliasTable table;
  const std::vector<double> weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 55};
  table.build(weights);
  Rng rng(announced(5));
  std::vector<std::size_t> counts(10);
  for (int i = 0; i < 200'000; ++i) ++counts[table.draw(rng)];
  std::vector<double> shares = weights;
  for (double& share : shares) share /= 100;
  EXPECT_LT(chi_square(counts, shares), kChiSquare9);
}

TEST(RandomChoice, IsEven) {
  ScriptedFleet fleet(random_choice(), 10, 2);
  EXPECT_LT(chi_square(fleet.shares(100'000), std::vector<double>(10, 0.1)), kChiSquare9);
}

TEST(RandomChoice, FollowsWeights) {
  ScriptedFleet fleet(random_choice(), 0, 2);
  std::vector<double> shares;
  for (std::uint32_t i = 0; i < 10; ++i) {
    fleet.add(endpoint_of(i, i + 1));
    shares.push_back((i + 1) / 55.0);
  }
  fleet.update();
  EXPECT_LT(chi_square(fleet.shares(100'000), shares), kChiSquare9);
}

TEST(LeastRequest, TakesTheIdlerOfTwo) {
  ScriptedFleet fleet(least_request(), 2);
  fleet.begin(fleet[0]);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(fleet.pick_number(), 1u);
}

TEST(LeastRequest, IsEvenWhereNobodyIsBusy) {
  ScriptedFleet fleet(least_request(), 10, 3);
  EXPECT_LT(chi_square(fleet.shares(100'000), std::vector<double>(10, 0.1)), kChiSquare9);
}

TEST(LeastRequest, LooksAtAllWhereThereAreNoMoreThanChoices) {
  ScriptedFleet fleet(least_request({.choice_count = 5}), 5);
  for (const std::size_t busy : {0, 1, 3, 4}) fleet.begin(fleet[busy]);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(fleet.pick_number(), 2u);
}

// Balls into bins: n calls that do not end onto n members. By chance alone the fullest has about
// ln n / ln ln n, with two choices ln ln n / ln 2 (Mitzenmacher 2001).
TEST(LeastRequest, FillsMembersFarMoreEvenlyThanChance) {
  constexpr std::size_t kMembers = 1000;
  const auto fullest = [](const Balancing& policy) {
    ScriptedFleet fleet(policy, kMembers, 4);
    for (std::size_t i = 0; i < kMembers; ++i) fleet.begin();
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < kMembers; ++i) most = std::max(most, fleet[i].outstanding());
    return most;
  };
  const std::uint32_t by_chance = fullest(random_choice());
  const std::uint32_t of_two = fullest(least_request());
  const std::uint32_t of_five = fullest(least_request({.choice_count = 5}));
  std::cout << "fullest of 1000 members after 1000 calls: random " << by_chance << ", of two "
            << of_two << ", of five " << of_five << '\n';
  EXPECT_GE(by_chance, 5u);
  EXPECT_LE(of_two, 3u);
  EXPECT_LE(of_five, 2u);
}

TEST(LeastRequest, FollowsWeightsWhetherIdleOrBusy) {
  ScriptedFleet fleet(least_request(), 0, 6);
  std::vector<double> shares;
  for (std::uint32_t i = 0; i < 10; ++i) {
    fleet.add(endpoint_of(i, i < 5 ? 1 : 4));
    shares.push_back((i < 5 ? 1 : 4) / 25.0);
  }
  fleet.update();
  EXPECT_LT(chi_square(fleet.shares(100'000), shares), kChiSquare9) << "idle";
  for (int i = 0; i < 2500; ++i) fleet.begin();
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(fleet[i].outstanding(), 2500 * shares[i], 2500 * shares[i] * 0.03) << i;
  }
}

TEST(LeastRequest, GivesANewMemberCallsSlowly) {
  constexpr auto kWindow = std::chrono::seconds(100);
  ScriptedFleet fleet(least_request({.slow_start = {.window = kWindow}}), 9, 11);
  fleet.clock.time += kWindow;
  fleet.add(endpoint_of(9));
  fleet.update();
  for (const double part : {0.2, 0.5, 1.0}) {
    fleet.clock.time =
        fleet[9].available_since() + std::chrono::duration_cast<Duration>(kWindow * part);
    const double fair = 100'000 / (9 + part);
    EXPECT_NEAR(static_cast<double>(fleet.shares(100'000)[9]), fair * part, fair * 0.05)
        << "at " << part;
  }
}

TEST(LeastRequest, DoesNotRushToANewMemberWithSlowStart) {
  constexpr auto kWindow = std::chrono::seconds(100);
  ScriptedFleet fleet(least_request({.slow_start = {.window = kWindow}}), 9, 11);
  for (int i = 0; i < 900; ++i) fleet.begin();
  fleet.clock.time += kWindow;
  fleet.add(endpoint_of(9));
  fleet.clock.time += kWindow / 10;
  fleet.update();
  for (int i = 0; i < 1000; ++i) fleet.begin();
  EXPECT_LE(fleet[9].outstanding(), 30u) << "a tenth of about 200";
}

}  // namespace
}  // namespace weft::cluster
