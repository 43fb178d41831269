#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

// Ten members in zone a, then ten in zone b.
class PreferZoneTest : public ::testing::Test {
 protected:
  explicit PreferZoneTest(Balancing within = round_robin())
      : fleet_(prefer_zone({.zone = "a", .within = std::move(within)}), 0, 8) {
    for (std::size_t i = 0; i < 20; ++i) fleet_.add(endpoint_of(i, 1, i < 10 ? "a" : "b"));
    fleet_.update();
  }
  void leave_available(std::size_t in_a, std::size_t in_b = 10) {
    for (std::size_t i = 0; i < 10; ++i) fleet_.set_available(i, i < in_a);
    for (std::size_t i = 0; i < 10; ++i) fleet_.set_available(10 + i, i < in_b);
    fleet_.update();
  }
  double share_of_a() {
    const std::vector<std::size_t> counts = fleet_.shares(20'000);
    double in_a = 0;
    for (std::size_t i = 0; i < 10; ++i) in_a += static_cast<double>(counts[i]);
    return in_a / 20'000;
  }

  ScriptedFleet fleet_;
};

TEST_F(PreferZoneTest, StaysInTheZoneWhileEnoughOfItIsAvailable) {
  EXPECT_EQ(share_of_a(), 1);
  leave_available(7);
  EXPECT_EQ(share_of_a(), 1) << "70 % is enough";
}

TEST_F(PreferZoneTest, SpillsInProportionBelowTheThreshold) {
  for (const std::size_t left : {6, 4, 2, 1}) {
    leave_available(left);
    EXPECT_NEAR(share_of_a(), static_cast<double>(left) / 7, 0.015) << left << " of 10";
  }
}

TEST_F(PreferZoneTest, GoesElsewhereWhereTheZoneHasNobody) {
  leave_available(0);
  EXPECT_EQ(share_of_a(), 0);
}

TEST_F(PreferZoneTest, StaysWhereThereIsNobodyElse) {
  leave_available(1, 0);
  EXPECT_EQ(share_of_a(), 1);
}

TEST_F(PreferZoneTest, LeavesTheZoneAfterItsEveryMemberWasTried) {
  Tried tried;
  for (std::size_t i = 0; i < 10; ++i) tried.add(fleet_[i]);
  fleet_.request.tried_before = &tried;
  for (int i = 0; i < 20; ++i) EXPECT_GE(fleet_.pick_number(), 10u);
}

class PreferZoneOfPeakEwma : public PreferZoneTest {
 protected:
  PreferZoneOfPeakEwma() : PreferZoneTest(peak_ewma()) {}
};

TEST_F(PreferZoneOfPeakEwma, TellsTheBalancerWithinHowCallsEnd) {
  EXPECT_TRUE(fleet_.balancer->wants_latency());
  leave_available(2);
  for (int i = 0; i < 100; ++i) {
    Member* member = fleet_.begin();
    fleet_.end(*member, {.latency = std::chrono::milliseconds(member == &fleet_[0] ? 100 : 1)});
  }
  std::size_t to_the_slow = 0;
  for (int i = 0; i < 100; ++i) {
    if (fleet_.pick_number() == 0) ++to_the_slow;
  }
  EXPECT_EQ(to_the_slow, 0u);
}

TEST(PreferZone, SpreadsCallsWhereNobodyIsInTheZone) {
  ScriptedFleet fleet(prefer_zone({.zone = "elsewhere"}), 4);
  for (const std::size_t count : fleet.shares(400)) EXPECT_EQ(count, 100u);
}

}  // namespace
}  // namespace weft::cluster
