#include <algorithm>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(RoundRobin, GivesEverybodyTheSame) {
  ScriptedFleet fleet(round_robin(), 7);
  EXPECT_THAT(fleet.shares(700), Each(100u));
}

TEST(RoundRobin, GoesInTheResolversOrder) {
  ScriptedFleet fleet(round_robin(), 4);
  const std::size_t first = fleet.pick_number();
  for (std::size_t i = 1; i < 9; ++i) EXPECT_EQ(fleet.pick_number(), (first + i) % 4);
}

TEST(RoundRobin, BeginsAnywhere) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ScriptedFleet fleet(round_robin(), 0, seed);
    for (std::size_t i = 0; i < 5; ++i) {  // they connect one after the other
      fleet.add(endpoint_of(i));
      fleet.update();
    }
    first.insert(fleet.pick_number());
  }
  EXPECT_EQ(first.size(), 5u);
}

TEST(RoundRobin, KeepsTheTurnWhenTheListChanges) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    ScriptedFleet fleet(round_robin(), 5, seed);
    while (fleet.pick_number() != 1) {
    }
    fleet.remove(2);
    fleet.add(endpoint_of(5));
    fleet.update();
    std::vector<std::size_t> turns;
    for (int i = 0; i < 5; ++i) turns.push_back(fleet.pick_number());
    EXPECT_THAT(turns, ElementsAre(3, 4, 5, 0, 1));
    fleet.update();
    EXPECT_EQ(fleet.pick_number(), 3u) << "an update that changes nothing";
  }
}

TEST(RoundRobin, StaysEvenWhileMembersComeAndGo) {
  ScriptedFleet fleet(round_robin(), 10, 3);
  std::vector<std::size_t> counts(10);
  for (int i = 0; i < 10'000; ++i) {
    if (i % 7 == 0) {  // one that never takes calls comes and goes
      fleet.set_available(9, !fleet[9].available());
      fleet.update();
    }
    ++counts[fleet.pick_number()];
  }
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end() - 1);
  EXPECT_LE(*most - *least, 2u) << "of about " << counts[0];
}

TEST(RoundRobin, GivesANewMemberCallsSlowly) {
  constexpr auto kWindow = std::chrono::seconds(100);
  ScriptedFleet fleet(round_robin({.slow_start = {.window = kWindow}}), 9, 11);
  fleet.clock.time += kWindow;
  fleet.add(endpoint_of(9));
  fleet.update();
  for (const double part : {0.1, 0.5, 0.8, 1.0}) {
    fleet.clock.time =
        fleet[9].available_since() + std::chrono::duration_cast<Duration>(kWindow * part);
    const std::vector<std::size_t> counts = fleet.shares(100'000);
    const double fair = 100'000 / (9 + part);
    EXPECT_NEAR(static_cast<double>(counts[9]), fair * part, fair * 0.05) << "at " << part;
    EXPECT_NEAR(static_cast<double>(counts[0]), fair, fair * 0.05)
        << "who stands behind it gets no more than others";
  }
}

}  // namespace
}  // namespace weft::cluster
