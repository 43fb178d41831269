#include "weft/base/text/token.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Token, IsOfLettersDigitsAndSomeSigns) {
  EXPECT_TRUE(is_token("GET"));
  EXPECT_TRUE(is_token("x-y_1.z~!#$%&'*+^`|"));
  for (const char* not_one : {"", "a b", "a:", "a/b", "\"a\"", "a\n", "\xc3\xa4", "(a)"}) {
    EXPECT_FALSE(is_token(not_one)) << not_one;
  }
}

}  // namespace
}  // namespace weft
