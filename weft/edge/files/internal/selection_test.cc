#include "weft/edge/files/internal/selection.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace weft::edge {
namespace {

using Fields = std::vector<rpc::HttpField>;

constexpr std::string_view kTag = "\"1a-64\"";
constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

/// "206 10+5" for five bytes from the eleventh.
std::string selected(const Fields& fields, std::string_view method = "GET",
                     std::uint64_t size = 100) {
  const rpc::HttpHead head{
      .method = method, .scheme = {}, .authority = {}, .path = {}, .fields = fields};
  const Selection found = select(head, {.etag = kTag, .modified = kDate, .size = size});
  switch (found.answer) {
    case Selection::Answer::Whole:
      return "200 " + std::to_string(found.size);
    case Selection::Answer::Part:
      return "206 " + std::to_string(found.first) + "+" + std::to_string(found.size);
    case Selection::Answer::NotModified:
      return "304";
    case Selection::Answer::PreconditionFailed:
      return "412";
    default:
      return "416";
  }
}

TEST(Selection, OneRange) {
  EXPECT_EQ(selected({}), "200 100");
  EXPECT_EQ(selected({{"range", "bytes=0-0"}}), "206 0+1");
  EXPECT_EQ(selected({{"range", "bytes=10-14"}}), "206 10+5");
  EXPECT_EQ(selected({{"range", "Bytes=90-"}}), "206 90+10");
  EXPECT_EQ(selected({{"range", "bytes=-30"}}), "206 70+30");
  EXPECT_EQ(selected({{"range", "bytes=-300"}}), "206 0+100");
  EXPECT_EQ(selected({{"range", "bytes=50-99999999999999999999999"}}), "206 50+50");
}

TEST(Selection, ARangeBehindTheEnd) {
  EXPECT_EQ(selected({{"range", "bytes=100-"}}), "416");
  EXPECT_EQ(selected({{"range", "bytes=99999999999999999999999-"}}), "416");
  EXPECT_EQ(selected({{"range", "bytes=-0"}}), "416");
  EXPECT_EQ(selected({{"range", "bytes=0-"}}, "GET", 0), "416");
  EXPECT_EQ(selected({{"range", "bytes=-5"}}, "GET", 0), "416");
}

TEST(Selection, WhatIsNoRangeGivesTheWhole) {
  for (const std::string_view range : {"bytes=", "bytes=-", "bytes=5", "bytes=9-5", "bytes=a-b",
                                       "bytes=0-1,5-6", "lines=0-1", "bytes=+1-2", "bytes=1--2"}) {
    EXPECT_EQ(selected({{"range", range}}), "200 100") << range;
  }
  EXPECT_EQ(selected({{"range", "bytes=0-1"}}, "HEAD"), "200 100");
}

TEST(Selection, IfRangeNamesWhatThePartIsOf) {
  EXPECT_EQ(selected({{"range", "bytes=0-1"}, {"if-range", kTag}}), "206 0+2");
  EXPECT_EQ(selected({{"range", "bytes=0-1"}, {"if-range", kDate}}), "206 0+2");
  EXPECT_EQ(selected({{"range", "bytes=0-1"}, {"if-range", "\"old\""}}), "200 100");
  EXPECT_EQ(selected({{"range", "bytes=0-1"}, {"if-range", "W/\"1a-64\""}}), "200 100");
  EXPECT_EQ(selected({{"range", "bytes=0-1"}, {"if-range", ""}}), "200 100");
}

TEST(Selection, ACopyThatIsTheNewestIsNotSentAgain) {
  EXPECT_EQ(selected({{"if-none-match", kTag}}), "304");
  EXPECT_EQ(selected({{"if-none-match", "W/\"1a-64\""}}), "304");
  EXPECT_EQ(selected({{"if-none-match", "\"a\", \"1a-64\""}}), "304");
  EXPECT_EQ(selected({{"if-none-match", "\"a\""}, {"if-none-match", kTag}}), "304");
  EXPECT_EQ(selected({{"if-none-match", "*"}}), "304");
  EXPECT_EQ(selected({{"if-none-match", "\"a"}}), "200 100");
  EXPECT_EQ(selected({{"if-modified-since", kDate}}), "304");
  // The tag decides where there are both.
  EXPECT_EQ(selected({{"if-none-match", "\"a\""}, {"if-modified-since", kDate}}), "200 100");
  EXPECT_EQ(selected({{"if-none-match", kTag}, {"range", "bytes=0-1"}}), "304");
}

TEST(Selection, IfMatchRefusesOthers) {
  EXPECT_EQ(selected({{"if-match", kTag}}), "200 100");
  EXPECT_EQ(selected({{"if-match", "*"}}), "200 100");
  EXPECT_EQ(selected({{"if-match", "\"a\""}}), "412");
  EXPECT_EQ(selected({{"if-match", "W/\"1a-64\""}}), "412");
}

bool takes_gzip(const Fields& fields) {
  return accepts_gzip(
      {.method = "GET", .scheme = {}, .authority = {}, .path = {}, .fields = fields});
}

TEST(AcceptsGzip, ByItsWeight) {
  EXPECT_FALSE(takes_gzip({}));
  EXPECT_TRUE(takes_gzip({{"accept-encoding", "br, GZIP;q=0.5"}}));
  EXPECT_TRUE(takes_gzip({{"accept-encoding", "br"}, {"accept-encoding", "gzip"}}));
  EXPECT_TRUE(takes_gzip({{"accept-encoding", "*"}}));
  EXPECT_FALSE(takes_gzip({{"accept-encoding", "*, gzip;q=0"}}));
  EXPECT_FALSE(takes_gzip({{"accept-encoding", "identity"}}));
}

}  // namespace
}  // namespace weft::edge
