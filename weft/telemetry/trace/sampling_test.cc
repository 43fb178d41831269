#include "weft/telemetry/trace/sampling.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using internal::Sampler;

TraceId random_id(Rng& rng) {
  const std::uint64_t bits[2] = {rng(), rng()};
  TraceId id;
  std::memcpy(id.data(), bits, sizeof bits);
  return id;
}

struct FixedClock final : Clock {
  explicit FixedClock(TimePoint at = {}) : time(at) {}
  TimePoint now() const noexcept override { return time; }
  TimePoint time;
};

int taken_of(Sampler& sampler, int count, TimePoint now = {}) {
  Rng rng(1);
  const FixedClock clock(now);
  int taken = 0;
  for (int i = 0; i < count; ++i) taken += sampler.take(random_id(rng), clock) ? 1 : 0;
  return taken;
}

TEST(SamplingTest, RefusesWhatIsNoShare) {
  EXPECT_EQ(Sampling{.ratio = 0.5}.valid(), ok_status());
  EXPECT_THAT(std::string(Sampling{.ratio = 1.5}.valid().message()),
              ::testing::HasSubstr("Sampling::ratio is 1.5"));
  EXPECT_EQ(Sampling{.ratio = -1}.valid().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(Sampling{.keep_slower_than = -1s}.valid().code(), StatusCode::InvalidArgument);
}

TEST(SamplingTest, TakesItsShareOfTraces) {
  Sampler sampler;
  sampler.set({.ratio = 0.25, .max_per_second = 0});
  EXPECT_NEAR(taken_of(sampler, 10'000), 2500, 150);
  sampler.set({.ratio = 1, .max_per_second = 0});
  EXPECT_EQ(taken_of(sampler, 100), 100);
  sampler.set({.ratio = 0, .max_per_second = 0});
  EXPECT_EQ(taken_of(sampler, 100), 0);
}

TEST(SamplingTest, TwoProcessesTakeTheSameTraces) {
  Sampler one, other;
  one.set({.ratio = 0.5, .max_per_second = 0});
  other.set({.ratio = 0.5, .max_per_second = 0});
  Rng rng(7);
  for (int i = 0; i < 100; ++i) {
    const TraceId id = random_id(rng);
    EXPECT_EQ(one.take(id, FixedClock()), other.take(id, FixedClock()));
  }
}

TEST(SamplingTest, TakesNoMoreThanItsRate) {
  Sampler sampler;
  sampler.set({.ratio = 1, .max_per_second = 100});
  const TimePoint now{1000s};
  EXPECT_EQ(taken_of(sampler, 1000, now), 100);
  EXPECT_EQ(taken_of(sampler, 1000, now), 0);
  EXPECT_EQ(taken_of(sampler, 1000, now + 100ms), 10);
  EXPECT_EQ(taken_of(sampler, 1000, now + 10s), 100);
}

TEST(SamplingTest, KeepsErrorsAndSlowCallsWhenAsked) {
  Sampler sampler;
  sampler.set({.keep_errors = true, .keep_slower_than = 1s});
  EXPECT_TRUE(sampler.holds());
  EXPECT_TRUE(sampler.keeps(SpanStatus::Error, 1ms));
  EXPECT_TRUE(sampler.keeps(SpanStatus::Unset, 2s));
  EXPECT_FALSE(sampler.keeps(SpanStatus::Unset, 1s));
  sampler.set({});
  EXPECT_FALSE(sampler.holds());
  EXPECT_FALSE(sampler.keeps(SpanStatus::Error, 100s));
}

TEST(SamplingTest, IsOffUntilItIsSet) {
  const Sampler sampler;
  EXPECT_FALSE(sampler.is_on());
}

}  // namespace
}  // namespace weft::telemetry
