#include "weft/edge/rest/stream/internal/line_splitter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::edge::rest {
namespace {

std::vector<std::string> taken(LineSplitter& lines) {
  std::vector<std::string> all;
  for (std::string_view line; lines.next(line);) all.emplace_back(line);
  return all;
}

using Lines = std::vector<std::string>;

TEST(LineSplitter, LinesComeInAnyParts) {
  LineSplitter lines(100);
  lines.push("a\nb");
  EXPECT_EQ(taken(lines), Lines({"a"}));
  EXPECT_FALSE(lines.has_line());
  lines.push("c\r");
  EXPECT_EQ(taken(lines), Lines());
  lines.push("\nd e \n");
  EXPECT_EQ(taken(lines), Lines({"bc", "d e"}));
}

TEST(LineSplitter, BlankLinesArePassedOver) {
  LineSplitter lines(2);
  lines.push("\n \t \r\n\n\na\n   ");
  EXPECT_EQ(taken(lines), Lines({"a"}));
  EXPECT_TRUE(lines.check().ok());
  lines.finish();
  EXPECT_FALSE(lines.has_line());
}

TEST(LineSplitter, TheLastLineNeedsNoEnd) {
  LineSplitter lines(100);
  lines.push("a");
  EXPECT_FALSE(lines.has_line());
  lines.finish();
  EXPECT_EQ(taken(lines), Lines({"a"}));
}

TEST(LineSplitter, ALineIsBoundedWholeOrNot) {
  LineSplitter lines(3);
  lines.push("abc\nabcd");
  EXPECT_TRUE(lines.has_line());
  EXPECT_TRUE(lines.check().ok());
  std::string_view line;
  EXPECT_TRUE(lines.next(line));
  EXPECT_FALSE(lines.has_line());
  EXPECT_EQ(lines.check().message(),
            "a line of at least 4 bytes is larger than the limit of 3 bytes (max_receive_size)");
}

TEST(LineSplitter, WhatWasTakenMakesRoom) {
  LineSplitter lines(100);
  const std::string part = std::string(50, 'x') + "\n";
  for (int i = 0; i < 10'000; ++i) {
    lines.push(part);
    ASSERT_EQ(taken(lines).size(), 1U);
  }
  EXPECT_LE(lines.memory(), 1000U);
}

}  // namespace
}  // namespace weft::edge::rest
