#include "weft/base/text/characters.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft {
namespace {

bool has_comma(std::string_view text) {
  return has_character(text, [](Characters::Vector c) { return c == ','; });
}

TEST(Characters, AreFoundAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 0; size <= 50; ++size) {
    std::string text(size, 'x');
    EXPECT_FALSE(has_comma(text)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = ',';
      EXPECT_TRUE(has_comma(text)) << at << " of " << size;
      text[at] = 'x';
    }
  }
}

TEST(Characters, OutsideTheTextAreNotLookedAt) {
  for (std::size_t size = 0; size <= 50; ++size) {
    const std::string text = ",,," + std::string(size, 'x') + std::string(20, ',');
    EXPECT_FALSE(has_comma(std::string_view(text).substr(3, size))) << size;
  }
}

TEST(Characters, BetweenTwoAreToldFromOthersAtEveryPlace) {
  for (std::size_t size = 0; size <= 150; ++size) {
    std::string text(size, ' ');
    EXPECT_TRUE((all_between<' ', '~'>(text))) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'\x00', '\x1f', '\x7f', '\x80', '\xff'}) {
        text[at] = c;
        EXPECT_FALSE((all_between<' ', '~'>(text))) << int{c} << " at " << at << " of " << size;
      }
      text[at] = '~';
      EXPECT_TRUE((all_between<' ', '~'>(text))) << at << " of " << size;
    }
  }
}

TEST(Characters, AreComparedUnsigned) {
  const auto above_ascii = [](Characters::Vector c) { return c > 0x7f; };
  EXPECT_TRUE(has_character("na\xc3\xafve", above_ascii));
  EXPECT_FALSE(has_character("naive\x7f", above_ascii));
}

}  // namespace
}  // namespace weft
