#include "weft/base/local_ref.h"

#include <utility>

#include <gtest/gtest.h>

namespace weft {
namespace {

struct Counted : LocalCounted {
  explicit Counted(int& ended) noexcept : ended_(ended) {}
  ~Counted() { ++ended_; }
  int& ended_;
};

TEST(LocalRef, DeletesWithTheLastReference) {
  int ended = 0;
  {
    LocalRef<Counted> first = LocalRef<Counted>::make(ended);
    LocalRef<Counted> second = first;
    EXPECT_EQ(first.get(), second.get());
    first = {};
    EXPECT_FALSE(first);
    EXPECT_EQ(ended, 0);
    second = LocalRef<Counted>::make(ended);
    EXPECT_EQ(ended, 1);
  }
  EXPECT_EQ(ended, 2);
}

TEST(LocalRef, IsNullWhenMovedFromAndSurvivesAssigningItself) {
  int ended = 0;
  LocalRef<Counted> first = LocalRef<Counted>::make(ended);
  LocalRef<Counted> second = std::move(first);
  EXPECT_EQ(first.get(), nullptr);  // NOLINT(bugprone-use-after-move)
  const LocalRef<Counted>& same = second;
  second = same;
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(second);
}

}  // namespace
}  // namespace weft
