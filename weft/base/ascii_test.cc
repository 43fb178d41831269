#include "weft/base/ascii.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Ascii, ChangesTheCaseOfItsLettersAlone) {
  EXPECT_EQ(ascii::upper("iI-_9\xc3\xa4z"), "II-_9\xc3\xa4Z");
  EXPECT_EQ(ascii::lower("iI-_9\xc3\x84Z"), "ii-_9\xc3\x84z");
}

TEST(Ascii, KnowsLettersAndDigits) {
  for (const char c : {'a', 'z', 'A', 'Z', '0', '9'}) EXPECT_TRUE(ascii::is_alphanumeric(c)) << c;
  for (const char c : {'@', '[', '`', '{', '/', ':', '\xe4'}) {
    EXPECT_FALSE(ascii::is_alphanumeric(c)) << c;
  }
}

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(ascii::equal_without_case("Content-Type", "content-type"));
  EXPECT_TRUE(ascii::equal_without_case("", ""));
  EXPECT_FALSE(ascii::equal_without_case("a", "ab"));
  EXPECT_FALSE(ascii::equal_without_case("@", "`"));
}

}  // namespace
}  // namespace weft
