#include "weft/telemetry/metrics/bounds.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::telemetry {
namespace {

/// By the definition.
std::size_t slow_bucket(std::span<const double> bounds, double value) {
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
}

void expect_same(std::span<const double> values, double value) {
  const Bounds bounds = Bounds::make(values).value();
  EXPECT_EQ(bounds.bucket_of(value), slow_bucket(values, value)) << value;
}

TEST(Bounds, BucketsHoldTheirUpperBound) {
  for (const auto values : {latency_bounds(), size_bounds(), count_bounds(),
                            coarse_latency_bounds(), coarse_size_bounds()}) {
    for (const double bound : values) {
      expect_same(values, bound);
      expect_same(values, std::nextafter(bound, 1e300));
      expect_same(values, std::nextafter(bound, -1e300));
    }
  }
}

TEST(Bounds, FindTheBucketOfAnyFiniteValue) {
  constexpr std::uint64_t kSeed = 21;
  SCOPED_TRACE(kSeed);
  Rng rng(kSeed);
  const std::vector<double> mixed{-5, -0.5, 0, 1e-9, 1, 1.01, 1.02, 1.03, 2, 1e6, 1e12};
  const std::vector<double> negative{-3, -2, -1};
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = rng();
    const double any = __builtin_bit_cast(double, bits);
    if (!std::isfinite(any)) continue;
    expect_same(latency_bounds(), any);
    expect_same(mixed, any);
    expect_same(negative, any);
    expect_same(latency_bounds(), static_cast<double>(bits % 200'000'000) * 1e-6);
  }
}

TEST(Bounds, ThereMayBeNone) {
  const Bounds bounds = Bounds::make({}).value();
  EXPECT_EQ(bounds.buckets(), 1U);
  EXPECT_EQ(bounds.bucket_of(5), 0U);
}

TEST(Bounds, MustIncreaseAndBeFinite) {
  const std::vector<double> equal{1, 1};
  EXPECT_EQ(Bounds::make(equal).status().message(),
            "bounds of a histogram increase; bound 1 is 1 after 1");
  const std::vector<double> infinite{1, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(Bounds::make(infinite).status().message(), "bound 1 of a histogram is not finite");
  EXPECT_FALSE(Bounds::make(std::vector<double>(600)).ok());
}

TEST(Bounds, AreThoseOfTheStandard) {
  EXPECT_EQ(latency_bounds().size(), 41U);
  EXPECT_EQ(size_bounds().size(), 14U);
  EXPECT_EQ(count_bounds().size(), 18U);
  EXPECT_EQ(size_bounds().back(), 4294967296.0);
}

}  // namespace
}  // namespace weft::telemetry
