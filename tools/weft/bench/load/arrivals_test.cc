#include "tools/weft/bench/load/arrivals.h"

#include <gtest/gtest.h>

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1s};

TEST(Arrivals, AreEvenlySpacedFromTheStart) {
  Arrivals arrivals(kStart, 1000, 0, 100);
  EXPECT_EQ(arrivals.next(), kStart);
  EXPECT_EQ(arrivals.backlog(kStart - 1ns), 0U);
  EXPECT_EQ(arrivals.backlog(kStart), 1U);
  arrivals.take();
  EXPECT_EQ(arrivals.next(), kStart + 1ms);
  EXPECT_EQ(arrivals.backlog(kStart + 999us), 0U);
  EXPECT_EQ(arrivals.backlog(kStart + 1ms), 1U);
}

TEST(Arrivals, OfSeveralThreadsInterleave) {
  const Arrivals second(kStart, 500, 0.5, 100);
  EXPECT_EQ(second.next(), kStart + 1ms);
}

TEST(Arrivals, GoOnWhileNobodyTakesThem) {
  Arrivals arrivals(kStart, 1000, 0, 100);
  EXPECT_EQ(arrivals.backlog(kStart + 10ms), 11U);
  arrivals.take();
  EXPECT_EQ(arrivals.backlog(kStart + 10ms), 10U);
  // What is taken late was due early all the same.
  EXPECT_EQ(arrivals.next(), kStart + 1ms);
  EXPECT_EQ(arrivals.largest_backlog(), 11U);
  EXPECT_EQ(arrivals.dropped(), 0U);
}

TEST(Arrivals, BeyondTheBoundAreDroppedTheEarliestFirstAndCounted) {
  Arrivals arrivals(kStart, 1000, 0, 5);
  EXPECT_EQ(arrivals.backlog(kStart + 20ms), 5U);
  EXPECT_EQ(arrivals.dropped(), 16U);
  EXPECT_EQ(arrivals.next(), kStart + 16ms);
  EXPECT_EQ(arrivals.largest_backlog(), 5U);
}

TEST(Arrivals, KeepTheirRateOverLongRuns) {
  Arrivals arrivals(kStart, 333'333, 0, UINT64_MAX);
  const std::uint64_t waiting = arrivals.backlog(kStart + 24h);
  EXPECT_NEAR(static_cast<double>(waiting), 333'333.0 * 24 * 3600, 2);
  // Each is due when the ones before it have been, also where doubles are coarse.
  Arrivals odd(kStart, 7, 0.3, UINT64_MAX);
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint due = odd.next();
    EXPECT_EQ(odd.backlog(due - 1ns), 0U) << i;
    EXPECT_EQ(odd.backlog(due), 1U) << i;
    odd.take();
  }
}

}  // namespace
}  // namespace weft::cli::bench
