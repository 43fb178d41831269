#include "weft/base/text/text_cut.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(TextCut, KeepsAShortText) {
  EXPECT_EQ(cut_text("", 4), "");
  EXPECT_EQ(cut_text("abcd", 4), "abcd");
  EXPECT_EQ(utf8_prefix("abcd", 4), "abcd");
}

TEST(TextCut, SaysHowLongACutTextIs) {
  EXPECT_EQ(cut_text("abcde", 4), "abcd... (5 bytes)");
  EXPECT_EQ(cut_text(std::string(5000, 'a')), std::string(128, 'a') + "... (5000 bytes)");
}

TEST(TextCut, NeverEndsInsideACharacter) {
  for (const std::string_view character : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    const std::string text = std::string("ab").append(character).append("z");
    for (std::size_t limit = 2; limit < 2 + character.size(); ++limit) {
      EXPECT_EQ(utf8_prefix(text, limit), "ab") << limit;
    }
    EXPECT_EQ(utf8_prefix(text, 2 + character.size()), text.substr(0, text.size() - 1));
  }
}

TEST(TextCut, CutsBytesThatAreNoTextAtTheLimit) {
  const std::string bytes(20, '\x80');
  EXPECT_EQ(utf8_prefix(bytes, 10).size(), 10U);
  EXPECT_EQ(utf8_prefix(bytes, 2).size(), 2U);
  EXPECT_EQ(utf8_prefix(bytes, 0).size(), 0U);
}

}  // namespace
}  // namespace weft
