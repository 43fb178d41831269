#include "weft/messaging/log/internal/group/settled.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::messaging::stored {
namespace {

using ::testing::IsEmpty;

TEST(Settled, AdvancesOverWhatIsSettledWithoutAGap) {
  Settled settled(5);
  settled.add(7);
  settled.add(6);
  EXPECT_EQ(settled.position(), 5U);
  EXPECT_EQ(settled.end(), 8U);
  settled.add(5);
  EXPECT_EQ(settled.position(), 8U);
  EXPECT_THAT(settled.ranges(), IsEmpty());
}

TEST(Settled, ForgetsTheTriesOfWhatIsSettled) {
  Settled settled(0);
  settled.set_tries(3, 2);
  EXPECT_EQ(settled.tries(3), 2U);
  settled.add(3);
  EXPECT_EQ(settled.tries(3), 0U);
}

TEST(Settled, IsASetOfOffsets) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Settled settled(10);
    std::set<std::uint64_t> model;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t begin = rng.below(60);
      const std::uint64_t end = begin + rng.below(4);
      settled.add_range(begin, end);
      for (std::uint64_t offset = begin; offset < end; ++offset) model.insert(offset);
      for (std::uint64_t offset = 0; offset < 70; ++offset) {
        ASSERT_EQ(settled.contains(offset), offset < 10 || model.contains(offset));
      }
      ASSERT_FALSE(settled.contains(settled.position()));
    }
  }
}

}  // namespace
}  // namespace weft::messaging::stored
