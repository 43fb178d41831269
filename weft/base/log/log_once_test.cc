#include "weft/base/log/log_once.h"

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(LogOnce, LetsEachKeyPassOnce) {
  static constinit LogOnce once;
  EXPECT_TRUE(once.is_new("a"));
  EXPECT_TRUE(once.is_new("b"));
  EXPECT_FALSE(once.is_new("a"));
}

TEST(LogOnce, LetsABoundedNumberOfKeysPass) {
  static constinit LogOnce once;
  for (std::size_t i = 0; i < LogOnce::kMost; ++i) EXPECT_TRUE(once.is_new(std::to_string(i)));
  EXPECT_FALSE(once.is_new("one more"));
}

}  // namespace
}  // namespace weft
