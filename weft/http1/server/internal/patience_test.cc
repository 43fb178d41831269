#include "weft/http1/server/internal/patience.h"

#include <limits>

#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;

TEST(Patience, EndsWhenNothingComes) {
  Patience patience(60s, 100);
  patience.note(59s, 0);
  EXPECT_EQ(patience.left(), Duration(1s));
  patience.note(5s, 0);
  EXPECT_EQ(patience.left(), Duration::zero());
}

TEST(Patience, IsEarnedByTheRate) {
  Patience patience(60s, 100);
  patience.note(30s, 1000);
  EXPECT_EQ(patience.left(), Duration(40s));
}

TEST(Patience, IsNeverMoreThanInTheBeginning) {
  Patience patience(60s, 100);
  patience.note(1s, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(patience.left(), Duration(60s));
}

TEST(Patience, SingleBytesDoNotRenewIt) {
  Patience patience(60s, 100);
  int bytes = 0;
  while (patience.left() > Duration(1s) && bytes < 1000) {
    patience.note(10s, 1);
    ++bytes;
  }
  EXPECT_EQ(bytes, 6);
}

TEST(Patience, WithoutARateEachByteRenewsIt) {
  Patience patience(60s, 0);
  patience.note(59s, 1);
  EXPECT_EQ(patience.left(), Duration(60s));
}

TEST(Patience, WithoutATimeIsForEver) {
  Patience patience(kForever, 100);
  patience.note(1h, 0);
  EXPECT_EQ(patience.left(), kForever);
}

}  // namespace
}  // namespace weft::http1
