#include "tools/weft/json/json_members.h"

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

TEST(JsonQuoted, IsAJsonStringWhateverTheText) {
  EXPECT_EQ(json_quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_quoted("a\nb\tc\x1b"), R"("a\u000ab\u0009c\u001b")");
  EXPECT_EQ(json_quoted("\u009b\u202e\u2028\U000e0001"), R"("\u009b\u202e\u2028\udb40\udc01")");
}

TEST(JsonQuoted, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(json_quoted("a\x9b"
                        "b\xc3"),
            R"("a\ufffdb\ufffd")");
}

}  // namespace
}  // namespace weft::cli
