#include "weft/base/text/utc_text.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using std::chrono::microseconds;
using Time = std::chrono::sys_time<microseconds>;

std::string second_text(std::int64_t second) {
  char text[19];
  return {text, put_utc(second, text)};
}

TEST(UtcText, WritesSecondsOnBothSidesOf1970) {
  EXPECT_EQ(second_text(0), "1970-01-01T00:00:00");
  EXPECT_EQ(second_text(-1), "1969-12-31T23:59:59");
  EXPECT_EQ(second_text(1'767'323'045), "2026-01-02T03:04:05");
  EXPECT_EQ(second_text(-62'135'596'800), "0001-01-01T00:00:00");
  EXPECT_EQ(second_text(253'402'300'799), "9999-12-31T23:59:59");
}

TEST(UtcText, KnowsLeapDays) {
  EXPECT_EQ(second_text(951'782'400), "2000-02-29T00:00:00");
  EXPECT_EQ(second_text(951'868'800), "2000-03-01T00:00:00");
  EXPECT_EQ(second_text(4'107'542'400), "2100-03-01T00:00:00");
}

TEST(UtcText, AlwaysHasSixDigits) {
  EXPECT_EQ(utc_text(Time(microseconds(1))), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(utc_text(Time(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(UtcText, CutsYearsOfFiveDigits) {
  EXPECT_EQ(utc_text(Time::max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(utc_text(Time::min()), "0000-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace weft
