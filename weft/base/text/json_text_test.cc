#include "weft/base/text/json_text.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "[";
  append_json_string(out, text);
  return out + "]";
}

TEST(JsonText, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(json_string("a\"b\\c"), R"(["a\"b\\c"])");
  EXPECT_EQ(json_string("\n\t\r\b\f"), R"(["\n\t\r\b\f"])");
  EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "[\"\\u0000\\u001f\x7f\"]");
  EXPECT_EQ(json_string(""), R"([""])");
}

TEST(JsonText, KeepsUtf8AndReplacesOtherBytes) {
  EXPECT_EQ(json_string("\u00e4\u202e"), "[\"\u00e4\u202e\"]");
  EXPECT_EQ(json_string("a\xff"), "[\"a\ufffd\"]");
}

TEST(JsonText, QuotesWithoutWhatMovesACursor) {
  EXPECT_EQ(json_quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_quoted("a\nb\x1b"), R"("a\u000ab\u001b")");
  EXPECT_EQ(json_quoted("\u009b\u202e\u2028\U000e0001"), R"("\u009b\u202e\u2028\udb40\udc01")");
  EXPECT_EQ(json_quoted("a\x9b"
                        "b\xc3"),
            R"("a\ufffdb\ufffd")");
}

}  // namespace
}  // namespace weft
