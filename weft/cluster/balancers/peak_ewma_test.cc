#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

using namespace std::chrono_literals;

// Two members, so that every pick compares them.
class PeakEwmaTest : public ::testing::Test {
 protected:
  void answer(std::size_t number, Duration latency, StatusCode code = StatusCode::Ok,
              Origin origin = Origin::Peer) {
    fleet_.begin(fleet_[number]);
    fleet_.clock.time += 1ms;
    fleet_.end(fleet_[number], {.code = code, .origin = origin, .latency = latency});
  }
  void answer_all(Duration latency) {
    for (std::size_t i = 0; i < fleet_.size(); ++i) answer(i, latency);
  }
  void expect_picks(std::size_t number, const char* why) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(fleet_.pick_number(), number) << why;
  }

  ScriptedFleet fleet_{peak_ewma(), 2};
};

TEST_F(PeakEwmaTest, AsksForLatencies) { EXPECT_TRUE(fleet_.balancer->wants_latency()); }

TEST_F(PeakEwmaTest, PrefersTheFaster) {
  answer(0, 10ms);
  answer(1, 2ms);
  expect_picks(1, "2 ms against 10 ms");
}

TEST_F(PeakEwmaTest, WeighsCallsUnderWay) {
  answer(0, 10ms);
  answer(1, 2ms);
  for (int i = 0; i < 4; ++i) fleet_.begin(fleet_[1]);
  fleet_.begin(fleet_[1]);
  expect_picks(0, "six times 2 ms against 10 ms");
}

TEST_F(PeakEwmaTest, ReactsToOneSlowAnswer) {
  for (int i = 0; i < 100; ++i) answer_all(1ms);
  answer(0, 500ms);
  for (int i = 0; i < 20; ++i) fleet_.begin(fleet_[1]);
  expect_picks(1, "21 times 1 ms against a peak, which counts at once and as a whole");
}

TEST_F(PeakEwmaTest, ForgivesWithTime) {
  answer(0, 500ms);
  for (int second = 0; second < 200; ++second) {
    fleet_.clock.time += 1s;
    answer(1, 1ms);
  }
  // 500 ms * e^-20 is below 1 ms, though the member was asked nothing meanwhile.
  expect_picks(0, "20 times the decay later");
}

TEST_F(PeakEwmaTest, TriesAMemberThatHasNotAnsweredWithOneCall) {
  answer(0, 1ms);
  expect_picks(1, "nothing is known of it");
  fleet_.begin(fleet_[1]);
  expect_picks(0, "until the one call has ended");
}

TEST_F(PeakEwmaTest, TakesAFailureForSlow) {
  answer_all(10ms);
  answer(0, 1us, StatusCode::Unavailable, Origin::Transport);
  expect_picks(1, "who fails at once is not fast");
}

TEST_F(PeakEwmaTest, TakesAnErrorOfTheCallersForAnAnswer) {
  answer_all(10ms);
  for (int i = 0; i < 3; ++i) {
    fleet_.clock.time += 10s;
    answer(0, 1ms, StatusCode::NotFound);
  }
  answer(1, 10ms);
  expect_picks(0, "NOT_FOUND is an answer");
}

TEST_F(PeakEwmaTest, LearnsFromACancelledCallOnlyThatItWasSlow) {
  answer_all(10ms);
  answer(0, 1us, StatusCode::Cancelled, Origin::Local);
  fleet_.begin(fleet_[1]);
  expect_picks(0, "one that was given up early says nothing");
  fleet_.begin(fleet_[0]);
  fleet_.begin(fleet_[0]);
  answer(0, 800ms, StatusCode::Cancelled, Origin::Local);
  expect_picks(1, "one that was given up late says that it is slow");
}

TEST(PeakEwma, TakesCallsFromAMemberThatSlowsDown) {
  ScriptedFleet fleet(peak_ewma(), 10, 9);
  std::vector<std::size_t> counts(10);
  for (int i = 0; i < 10'000; ++i) {
    fleet.clock.time += 1ms;
    Member* member = fleet.begin();
    const std::size_t number = fleet.number_of(member);
    if (i >= 5000) ++counts[number];
    fleet.end(*member, {.latency = number == 4 && i >= 5000 ? 100ms : 1ms});
  }
  std::cout << "a member that is 100 times slower gets " << counts[4] << " of 5000 calls\n";
  EXPECT_LE(counts[4], 5u);
}

}  // namespace
}  // namespace weft::cluster
