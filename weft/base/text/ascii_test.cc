#include "weft/base/text/ascii.h"

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

TEST(Ascii, TakesBlanksFromTheEnds) {
  EXPECT_EQ(ascii::trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(ascii::trimmed(" \t "), "");
  EXPECT_EQ(ascii::trimmed(""), "");
  EXPECT_EQ(ascii::trimmed("\na\n"), "\na\n");
}

TEST(Ascii, DecodesPercentsThatTwoDigitsFollow) {
  EXPECT_EQ(ascii::percent_decoded("a%20%c3%A4"), "a \xc3\xa4");
  EXPECT_EQ(ascii::percent_decoded(""), "");
  for (const char* text : {"%", "%2", "a%2g", "%-1", "%+1"}) {
    EXPECT_FALSE(ascii::percent_decoded(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace weft
