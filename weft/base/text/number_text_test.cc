#include "weft/base/text/number_text.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(NumberText, IsShort) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(-1.5), "-1.5");
  EXPECT_EQ(number_text(1.0 / 3), "0.333333");
  EXPECT_EQ(number_text(1e20), "1e+20");
}

TEST(NumberText, HasTheDecimalsThatWereAskedFor) {
  EXPECT_EQ(number_text(1.5, 2), "1.50");
  EXPECT_EQ(number_text(2.6, 0), "3");
  EXPECT_EQ(number_text(-0.25, 3), "-0.250");
}

TEST(NumberText, HasRoomForEveryNumber) {
  const double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(number_text(-largest, 100).size(), 1 + 309 + 1 + 20);
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity(), 1), "inf");
}

TEST(AppendHex, HasTwoDigitsForEachByte) {
  std::string text = "x";
  append_hex(text, std::array<std::uint8_t, 4>{0, 0x0f, 0xa0, 0xff});
  EXPECT_EQ(text, "x000fa0ff");
}

}  // namespace
}  // namespace weft
