#include "weft/http1/message/head_scanner.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;
using Of = HeadScanner::Of;
using Outcome = HeadScanner::Outcome;

constexpr HeadLimits kLimits{.size = 200, .line = 50, .fields = 5};

Fault fault_of(const std::string& bytes, Of of = Of::Request) {
  HeadScanner scanner(kLimits, of);
  return scanner.scan(bytes) == Outcome::Refused ? scanner.fault() : Fault{};
}

TEST(HeadScanner, FindsTheEndWhereverTheBytesAreSplit) {
  const std::string head = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
  for (std::size_t split = 0; split < head.size(); ++split) {
    HeadScanner scanner(kLimits, Of::Request);
    EXPECT_EQ(scanner.scan(std::string_view(head).substr(0, split)), Outcome::NeedMore) << split;
    EXPECT_EQ(scanner.scan(head + "next"), Outcome::Complete) << split;
    EXPECT_EQ(scanner.end(), head.size());
  }
}

TEST(HeadScanner, FindsTheEndByteByByte) {
  const std::string head = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
  HeadScanner scanner(kLimits, Of::Response);
  for (std::size_t size = 1; size < head.size(); ++size) {
    ASSERT_EQ(scanner.scan(std::string_view(head).substr(0, size)), Outcome::NeedMore);
  }
  EXPECT_EQ(scanner.scan(head), Outcome::Complete);
}

TEST(HeadScanner, ARequestMayHaveOneEmptyLineBeforeIt) {
  HeadScanner scanner(kLimits, Of::Request);
  EXPECT_EQ(scanner.scan("\r\nGET / HTTP/1.0\r\n\r\n"), Outcome::Complete);
  EXPECT_EQ(scanner.begin(), 2U);
  EXPECT_THAT(fault_of("\r\n\r\nGET / HTTP/1.0\r\n\r\n").why, HasSubstr("an empty line"));
  EXPECT_THAT(fault_of("\r\nHTTP/1.1 200 OK\r\n\r\n", Of::Response).why,
              HasSubstr("an empty line"));
}

TEST(HeadScanner, TrailersMayBeNoLineAtAll) {
  HeadScanner scanner(kLimits, Of::Trailers);
  EXPECT_EQ(scanner.scan("\r"), Outcome::NeedMore);
  EXPECT_EQ(scanner.scan("\r\nGET"), Outcome::Complete);
  EXPECT_EQ(scanner.end(), 2U);
}

TEST(HeadScanner, RefusesBareLineFeeds) {
  EXPECT_THAT(fault_of("GET / HTTP/1.1\n").why, HasSubstr("ends with a bare LF"));
  EXPECT_THAT(fault_of("GET / HTTP/1.1\r\nhost: a\nb: c\r\n\r\n").why, HasSubstr("'host: a'"));
  EXPECT_EQ(fault_of("\n").status, 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nhost: a\r\n\n").status, 400);
}

TEST(HeadScanner, RefusesFoldedLines) {
  EXPECT_THAT(fault_of("GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n").why, HasSubstr("folded"));
  EXPECT_THAT(fault_of("GET / HTTP/1.1\r\n\ta: b\r\n\r\n").why, HasSubstr("folded"));
}

TEST(HeadScanner, RefusesWhatIsLargerThanItsLimits) {
  const std::string line(51, 'x');
  EXPECT_EQ(fault_of(line).status, 414);
  EXPECT_EQ(fault_of(line, Of::Response).status, 431);
  EXPECT_THAT(fault_of("GET / HTTP/1.1\r\n" + line).why, HasSubstr("the limit of 50 bytes"));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 6; ++i) many += "a: b\r\n";
  EXPECT_THAT(fault_of(many).why, HasSubstr("the limit of 5"));
  std::string long_head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 5; ++i) long_head += "a: " + std::string(40, 'b') + "\r\n";
  EXPECT_THAT(fault_of(long_head).why, HasSubstr("the limit of 200 bytes"));
}

TEST(HeadScanner, KnowsWhetherAnythingHasCome) {
  HeadScanner scanner(kLimits, Of::Request);
  EXPECT_FALSE(scanner.has_begun());
  EXPECT_EQ(scanner.scan("\r\n"), Outcome::NeedMore);
  EXPECT_FALSE(scanner.has_begun());
  EXPECT_EQ(scanner.scan("\r\nG"), Outcome::NeedMore);
  EXPECT_TRUE(scanner.has_begun());
  scanner.restart();
  EXPECT_FALSE(scanner.has_begun());
}

}  // namespace
}  // namespace weft::http1
