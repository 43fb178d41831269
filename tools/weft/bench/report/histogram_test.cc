#include "tools/weft/bench/report/histogram.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, IsZeroWhileEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
  EXPECT_EQ(histogram.mean(), 0ns);
  EXPECT_EQ(histogram.percentile(99), 0ns);
}

TEST(Histogram, IsExactBelow256Nanoseconds) {
  Histogram histogram;
  for (int i = 1; i <= 200; ++i) histogram.record(Duration(i));
  EXPECT_EQ(histogram.percentile(50), 100ns);
  EXPECT_EQ(histogram.percentile(99), 198ns);
  EXPECT_EQ(histogram.percentile(0), 1ns);
  EXPECT_EQ(histogram.percentile(100), 200ns);
  EXPECT_EQ(histogram.mean(), 100ns);
}

TEST(Histogram, TellsPercentilesWithin128thAboveTheTrueOnes) {
  Rng rng(7);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    // From nanoseconds to minutes, every power of two as likely as another.
    values.push_back(static_cast<std::int64_t>(std::exp2(rng.uniform() * 38)));
    histogram.record(Duration(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(100'000 * percent / 100));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto told = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_GE(told, truth) << percent;
    EXPECT_LE(told, truth * (1 + 1.0 / 128)) << percent;
  }
  EXPECT_EQ(histogram.min().count(), values.front());
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(Histogram, MergesAsIfAllHadBeenRecordedInOne) {
  Rng rng(8);
  Histogram one;
  Histogram first;
  Histogram second;
  for (int i = 0; i < 1000; ++i) {
    const Duration value(static_cast<std::int64_t>(rng.below(1'000'000'000)));
    one.record(value);
    (i % 3 == 0 ? first : second).record(value);
  }
  first.merge(second);
  EXPECT_EQ(first.count(), one.count());
  EXPECT_EQ(first.mean(), one.mean());
  EXPECT_EQ(first.min(), one.min());
  EXPECT_EQ(first.max(), one.max());
  for (const double percent : {1.0, 50.0, 99.0, 99.9}) {
    EXPECT_EQ(first.percentile(percent), one.percentile(percent));
  }
}

TEST(Histogram, MergesAnEmptyOneWithoutChange) {
  Histogram histogram;
  histogram.record(5us);
  histogram.merge(Histogram());
  EXPECT_EQ(histogram.min(), 5us);
  EXPECT_EQ(histogram.max(), 5us);
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(Histogram, CountsWhatIsBeyondItsBoundsAtThem) {
  Histogram histogram;
  histogram.record(-1s);
  histogram.record(1000h);
  histogram.record(kForever);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.max(), kForever);
  EXPECT_EQ(histogram.percentile(1), 0ns);
  // The last bucket ends at 2^42 ns.
  EXPECT_EQ(histogram.percentile(60).count(), (std::int64_t{1} << 42) - 1);
}

TEST(Histogram, ShowsItsBucketsInOrderWithoutGapsInTheirBounds) {
  Histogram histogram;
  // One value in each of the first buckets, and around powers of two.
  for (int i = 0; i < 2000; ++i) histogram.record(Duration(i));
  std::uint64_t next = 0;
  std::uint64_t count = 0;
  histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t here) {
    EXPECT_EQ(low, next);
    EXPECT_GE(high, low);
    next = high + 1;
    count += here;
  });
  EXPECT_EQ(count, 2000U);
  EXPECT_GE(next, 2000U);
}

TEST(Histogram, ForgetsEverythingWhenCleared) {
  Histogram histogram;
  histogram.record(3ms);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(50), 0ns);
  histogram.record(1ms);
  EXPECT_EQ(histogram.min(), 1ms);
}

}  // namespace
}  // namespace weft::cli::bench
