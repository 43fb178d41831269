#include "weft/cluster/endpoints/slow_start.h"

#include <cmath>

#include <gtest/gtest.h>

namespace weft::cluster {
namespace {

using namespace std::chrono_literals;

class SlowStartTest : public ::testing::Test {
 protected:
  SlowStartTest() { member_.set_available(true, kStart); }
  double factor(Duration since) const {
    return slow_start_factor(options_, member_, kStart + since);
  }
  static constexpr TimePoint kStart{1h};
  SlowStartOptions options_{.window = 100s};
  Member member_{Endpoint{}};
};

TEST_F(SlowStartTest, GrowsLinearlyFromTheLeastToTheWholeShare) {
  EXPECT_DOUBLE_EQ(factor(0s), 0.1);
  EXPECT_DOUBLE_EQ(factor(5s), 0.1);
  EXPECT_DOUBLE_EQ(factor(30s), 0.3);
  EXPECT_DOUBLE_EQ(factor(99s), 0.99);
  EXPECT_DOUBLE_EQ(factor(100s), 1);
  EXPECT_DOUBLE_EQ(factor(1000h), 1);
}

TEST_F(SlowStartTest, GrowsEarlierWithMoreAggression) {
  options_.aggression = 2;
  EXPECT_DOUBLE_EQ(factor(25s), 0.5);
  options_.aggression = 0.5;
  EXPECT_DOUBLE_EQ(factor(50s), 0.25);
}

TEST_F(SlowStartTest, IsOffWithoutAWindow) {
  options_.window = {};
  EXPECT_DOUBLE_EQ(factor(0s), 1);
}

TEST_F(SlowStartTest, BeginsAnewAfterABreak) {
  member_.set_available(false, kStart + 200s);
  member_.set_available(true, kStart + 300s);
  EXPECT_DOUBLE_EQ(factor(300s), 0.1);
}

TEST_F(SlowStartTest, SurvivesAClockThatWentBack) { EXPECT_DOUBLE_EQ(factor(-10s), 0.1); }

}  // namespace
}  // namespace weft::cluster
