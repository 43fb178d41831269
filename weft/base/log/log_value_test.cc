#include "weft/base/log/log_value.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(LogValue, LeavesAPlainWordAsItIs) {
  EXPECT_EQ(log_value("/hello.Greeter/SayHello"), "/hello.Greeter/SayHello");
  EXPECT_EQ(log_value("[::1]:50051"), "[::1]:50051");
}

TEST(LogValue, QuotesWhatWouldEndOrForgeAField) {
  EXPECT_EQ(log_value("/a side=server"), "\"/a side=server\"");
  EXPECT_EQ(log_value("a=b"), "\"a=b\"");
  EXPECT_EQ(log_value("a\tb\nc"), "\"a\\tb\\nc\"");
  // A space that is not ASCII looks like one.
  EXPECT_EQ(log_value("a\u00a0b"), "\"a\u00a0b\"");
}

TEST(LogValue, QuotesAnEmptyValue) { EXPECT_EQ(log_value(""), "\"\""); }

TEST(LogValue, EscapesQuotesAndBackslashes) {
  EXPECT_EQ(log_value("a\" status=OK"), "\"a\\\" status=OK\"");
  EXPECT_EQ(log_value("a\\"), "\"a\\\\\"");
  // What is escaped cannot be mistaken for text that has the escape in it.
  EXPECT_EQ(log_value("\x1b[2J"), "\"\\x1b[2J\"");
  EXPECT_EQ(log_value("\\x1b[2J"), "\"\\\\x1b[2J\"");
}

TEST(LogValue, CutsALongValueAndSaysHowMuch) {
  EXPECT_EQ(log_value(std::string(256, 'a')), std::string(256, 'a'));
  EXPECT_EQ(log_value(std::string(9000, 'a')),
            "\"" + std::string(256, 'a') + "... (256 of 9000 bytes)\"");
}

TEST(LogValue, DoesNotCutACharacter) {
  std::string text(255, 'a');
  for (int i = 0; i < 100; ++i) text += "\u20ac";
  EXPECT_EQ(log_value(text), "\"" + std::string(255, 'a') + "... (255 of 555 bytes)\"");
  // Bytes that begin no character are cut like others.
  std::string expected = "\"";
  for (int i = 0; i < 253; ++i) expected += "\\x80";
  EXPECT_EQ(log_value(std::string(300, '\x80')), expected + "... (253 of 300 bytes)\"");
}

}  // namespace
}  // namespace weft
