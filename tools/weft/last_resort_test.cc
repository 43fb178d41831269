#include "tools/weft/last_resort.h"

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

TEST(LastResort, DoesNothingToWhatEndsInTime) {
  const LastResort guard("the test", std::chrono::hours(1));
}

TEST(LastResortDeathTest, EndsTheProcessThatKeepsBusy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const LastResort guard("the loop of the test", std::chrono::milliseconds(1));
        volatile bool busy = true;
        while (busy) {
        }
      },
      ::testing::ExitedWithCode(kGaveUp), "weft: the loop of the test takes longer than 1ms");
}

}  // namespace
}  // namespace weft::cli
