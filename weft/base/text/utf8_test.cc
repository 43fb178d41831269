#include "weft/base/text/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Utf8, ReadsCharactersOfEveryLength) {
  EXPECT_EQ(first_character("az").code, U'a');
  EXPECT_EQ(first_character("\u00e9z").code, U'\u00e9');
  EXPECT_EQ(first_character("\u20acz").code, U'\u20ac');
  EXPECT_EQ(first_character("\U0001f600z").size, 4U);
  EXPECT_EQ(first_character("\xf4\x8f\xbf\xbf").code, 0x10ffffU);
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
  for (const char* text : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_EQ(first_character(text).size, 0U) << text;
    EXPECT_FALSE(is_utf8(std::string("ok").append(text)));
  }
}

TEST(Utf8, TakesTextThatIsUtf8) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\u00e9\u20ac\U0001f600"));
}

TEST(Utf8, ReplacesBytesThatAreNoCharacter) {
  EXPECT_EQ(to_utf8("a\u00e9\u20ac"), "a\u00e9\u20ac");
  EXPECT_EQ(to_utf8("\xff"
                    "a\xe2\x82"),
            "\ufffda\ufffd\ufffd");
}

}  // namespace
}  // namespace weft
