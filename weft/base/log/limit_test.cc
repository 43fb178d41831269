#include "weft/base/log/limit.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft {
namespace {

using ::testing::ElementsAre;

using Left = std::optional<std::uint64_t>;

TEST(LogLimitTest, LetsTheFirstLinesOfASecondPass) {
  LogLimit limit(2);
  EXPECT_EQ(limit.enter(7), Left(0));
  EXPECT_EQ(limit.enter(7), Left(0));
  EXPECT_EQ(limit.enter(7), std::nullopt);
}

TEST(LogLimitTest, SaysHowManyWereLeftOut) {
  LogLimit limit(1);
  EXPECT_EQ(limit.enter(7), Left(0));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.enter(7), std::nullopt);
  EXPECT_EQ(limit.enter(9), Left(5));
  EXPECT_EQ(limit.enter(10), Left(0));
}

TEST(LogLimitTest, NothingPassesALimitOfNone) {
  LogLimit limit(0);
  EXPECT_EQ(limit.enter(1), std::nullopt);
  EXPECT_EQ(limit.enter(2), std::nullopt);
}

TEST(LogLimitTest, ThreadsShareALimit) {
  constexpr int kThreads = 4;
  constexpr int kLines = 2000;
  LogLimit limit(100);
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kLines; ++k) passed += limit.enter(3).has_value() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 100);
  EXPECT_EQ(limit.enter(4), Left(kThreads * kLines - 100));
}

TEST(LogLimitTest, TheNextLineHasTheNumber) {
  std::vector<std::string> lines;
  set_log_level(LogLevel::Info);
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  LogLimit limit(1);
  EXPECT_EQ(limit.enter(1), Left(0));
  EXPECT_EQ(limit.enter(1), std::nullopt);
  log(limit, LogLevel::Debug, "not enabled");
  log(limit, LogLevel::Warn, "the cache is away", {{"shard", 3}});
  set_log_sink({});
  EXPECT_THAT(lines, ElementsAre("the cache is away lines_left_out=1 shard=3"));
}

}  // namespace
}  // namespace weft
