#include "weft/base/time.h"

#include <chrono>

#include <gtest/gtest.h>

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(Time, RendersADurationInItsLargestWholeUnit) {
  EXPECT_EQ(to_string(Duration(50ms)), "50ms");
  EXPECT_EQ(to_string(Duration(1500ms)), "1.5s");
  EXPECT_EQ(to_string(Duration(250us)), "250us");
  EXPECT_EQ(to_string(Duration(999ns)), "999ns");
  EXPECT_EQ(to_string(Duration(1h)), "3600s");
  EXPECT_EQ(to_string(Duration::zero()), "0s");
}

TEST(Time, RendersEveryDigitOfAFraction) {
  EXPECT_EQ(to_string(Duration(1'234'567'890)), "1.23456789s");
  EXPECT_EQ(to_string(Duration(1'000'000'001)), "1.000000001s");
  EXPECT_EQ(to_string(Duration(1'050)), "1.05us");
}

TEST(Time, RendersNegativeAndExtremeDurations) {
  EXPECT_EQ(to_string(Duration(-1500us)), "-1.5ms");
  EXPECT_EQ(to_string(kForever), "inf");
  EXPECT_EQ(to_string(Duration::min()), "-9223372036.854775808s");
}

TEST(Time, AddingATimeoutStopsAtNever) {
  const TimePoint now{1h};
  EXPECT_EQ(after(now, 1s), now + 1s);
  EXPECT_EQ(after(now, kForever), kNever);
  EXPECT_EQ(after(kNever, 1s), kNever);
  EXPECT_EQ(after(now, -1s), now - 1s);
}

}  // namespace
}  // namespace weft
