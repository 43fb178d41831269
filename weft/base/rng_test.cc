#include "weft/base/rng.h"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace weft {
namespace {

// Worked out from the published algorithms (SplitMix64, xoshiro256**) in Python.
TEST(Rng, FollowsThePublishedSequenceForASeed) {
  Rng rng(42);
  EXPECT_EQ(rng(), 1546998764402558742ULL);
  EXPECT_EQ(rng(), 6990951692964543102ULL);
  EXPECT_EQ(rng(), 12544586762248559009ULL);
}

TEST(Rng, RepeatsForTheSameSeedAndDiffersForAnother) {
  Rng a(1), b(1), c(2);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a();
    EXPECT_EQ(value, b());
    EXPECT_NE(value, c());
  }
}

TEST(Rng, StaysBelowItsBoundAndReachesEveryValue) {
  Rng rng(7);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) ++seen.at(rng.below(10));
  for (const int count : seen) EXPECT_NEAR(count, 1000, 200);
  EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, IsUniformBetweenZeroAndOne) {
  Rng rng(7);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = rng.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace weft
