#include "weft/middleware/attempts/retry_budget.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "weft/middleware/config/internal/method_table.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint at(Duration when) { return TimePoint{1h} + when; }

int spend(RetryBudget& budget, TimePoint now, int attempts) {
  int spent = 0;
  for (int i = 0; i < attempts; ++i) spent += budget.try_spend(now) ? 1 : 0;
  return spent;
}

TEST(RatioBudget, AllowsItsShareOfTheCalls) {
  const auto budget = ratio_budget({.ratio = 0.2, .min_per_second = 0});
  EXPECT_EQ(spend(*budget, at(0s), 10), 0);
  for (int i = 0; i < 100; ++i) budget->on_call(at(0s));
  EXPECT_EQ(spend(*budget, at(0s), 100), 20);
}

TEST(RatioBudget, AllowsAFewASecondWhereThereAreHardlyCalls) {
  const auto budget = ratio_budget({.ratio = 0.2, .min_per_second = 2, .window = 10s});
  EXPECT_EQ(spend(*budget, at(0s), 100), 20);
  EXPECT_EQ(spend(*budget, at(9s), 100), 0);
  EXPECT_EQ(spend(*budget, at(10s), 100), 20);
}

TEST(RatioBudget, CallsCountForOneWindow) {
  const auto budget = ratio_budget({.ratio = 0.5, .min_per_second = 0, .window = 1s});
  for (int i = 0; i < 100; ++i) budget->on_call(at(0s));
  EXPECT_EQ(spend(*budget, at(900ms), 10), 10);
  EXPECT_EQ(spend(*budget, at(1s), 10), 0);
  for (int i = 0; i < 60; ++i) budget->on_call(at(1s));
  // Ten were taken in this window.
  EXPECT_EQ(spend(*budget, at(1s), 100), 20);
}

TEST(RatioBudget, SuccessAndFailureAreAllOneToIt) {
  const auto budget = ratio_budget({.ratio = 0.1, .min_per_second = 0});
  for (int i = 0; i < 100; ++i) {
    budget->on_success();
    budget->on_failure();
  }
  EXPECT_FALSE(budget->try_spend(at(0s)));
}

TEST(RatioBudget, ThreadsTogetherNeverTakeMore) {
  const auto budget = ratio_budget({.ratio = 0.1, .min_per_second = 0});
  constexpr int kThreads = 4;
  constexpr int kCalls = 5000;
  std::vector<int> spent(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        budget->on_call(at(0s));
        spent[static_cast<std::size_t>(t)] += budget->try_spend(at(0s)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int all = 0;
  for (const int count : spent) all += count;
  EXPECT_LE(all, kThreads * kCalls / 10);
  EXPECT_EQ(all + spend(*budget, at(0s), kCalls), kThreads * kCalls / 10);
}

TEST(TokenBudget, StopsAtHalfUntilSuccessesRefillIt) {
  const auto budget = token_budget({.max_tokens = 10, .token_ratio = 0.1});
  for (int i = 0; i < 4; ++i) budget->on_failure();
  EXPECT_TRUE(budget->try_spend(at(0s)));  // 6 left
  budget->on_failure();
  EXPECT_FALSE(budget->try_spend(at(0s)));  // 5 left
  budget->on_success();
  EXPECT_TRUE(budget->try_spend(at(0s)));  // 5.1 left
}

TEST(TokenBudget, StaysBetweenNothingAndAll) {
  const auto budget = token_budget({.max_tokens = 2, .token_ratio = 0.5});
  for (int i = 0; i < 100; ++i) budget->on_success();
  budget->on_failure();
  EXPECT_FALSE(budget->try_spend(at(0s)));
  for (int i = 0; i < 100; ++i) budget->on_failure();
  for (int i = 0; i < 3; ++i) budget->on_success();
  EXPECT_TRUE(budget->try_spend(at(0s)));  // 1.5
}

TEST(TokenBudget, CountsThousandths) {
  const auto budget = token_budget({.max_tokens = 2, .token_ratio = 0.001});
  budget->on_failure();
  EXPECT_FALSE(budget->try_spend(at(0s)));
  budget->on_success();
  EXPECT_TRUE(budget->try_spend(at(0s)));
}

TEST(UnlimitedBudget, RefusesNothing) {
  const auto budget = unlimited_budget();
  for (int i = 0; i < 100; ++i) budget->on_failure();
  EXPECT_EQ(spend(*budget, at(0s), 1000), 1000);
}

TEST(MethodTable, GivesEachMethodItsOwnFromAnyThread) {
  middleware::MethodTable<std::atomic<int>> table;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) ++table.of("/s/" + std::to_string(i % 200));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(table.of("/s/" + std::to_string(i)), 40);
}

TEST(MethodTable, MethodsBeyondItsLimitShareOne) {
  middleware::MethodTable<int> table;
  for (int i = 0; i < 1024; ++i) table.of("/s/" + std::to_string(i)) = i;
  table.of("/s/x") = 7;
  EXPECT_EQ(table.of("/s/y"), 7);
  EXPECT_EQ(table.of("/s/5"), 5);
}

}  // namespace
}  // namespace weft
