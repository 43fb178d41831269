#include "weft/middleware/limits/shed.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(TimeQuantile, FindsTheQuantileOfExponentialTimes) {
  for (const double quantile : {0.1, 0.5, 0.9}) {
    Rng rng(7);
    TimeQuantile time(quantile);
    double sum = 0;
    constexpr int kSamples = 20000;
    for (int i = 0; i < kSamples; ++i) {
      time.add(Duration(static_cast<Duration::rep>(-1e7 * std::log(1 - rng.uniform()))));
      if (i >= kSamples / 2) sum += static_cast<double>(time.estimate().count());
    }
    const double expected = -1e7 * std::log(1 - quantile);
    EXPECT_NEAR(sum / (kSamples / 2) / expected, 1, 0.15) << "quantile " << quantile;
  }
}

TEST(TimeQuantile, FollowsAChange) {
  TimeQuantile time(0.5);
  for (int i = 0; i < 1000; ++i) time.add(1ms);
  EXPECT_NEAR(static_cast<double>(time.estimate().count()), 1e6, 1e5);
  for (int i = 0; i < 200; ++i) time.add(20ms);
  EXPECT_NEAR(static_cast<double>(time.estimate().count()), 2e7, 2e6);
}

TEST(TimeQuantile, WhatWasBrokenOffEarlySaysNothing) {
  TimeQuantile time(0.5);
  for (int i = 0; i < 100; ++i) time.add(10ms);
  const Duration before = time.estimate();
  time.add_at_least(1ms);
  EXPECT_EQ(time.estimate(), before);
  time.add_at_least(50ms);
  EXPECT_GT(time.estimate(), before);
}

class ShedByDeadlineTest : public middleware::PolicyTest {
 protected:
  ShedByDeadlineTest() {
    options_.observer = &events_;
    options_.probe_share = 1e-9;
  }
  void learn(Duration takes, int calls = 100) {
    service_.takes = takes;
    for (int i = 0; i < calls; ++i) EXPECT_TRUE(serve().ok());
  }
  static std::function<void(Call&)> within(Duration time) {
    return [time](Call& call) { call.limit_timeout(time); };
  }
  DeadlineSheddingOptions options_;
};

TEST_F(ShedByDeadlineTest, RefusesAtOnceWhatCannotBeAnsweredInTime) {
  use(shed_by_deadline(options_));
  learn(100ms);
  const int before = service_.calls;
  const Handle refused = start(within(50ms));
  ASSERT_TRUE(refused->done) << "at once";
  EXPECT_EQ(refused->status.code(), StatusCode::DeadlineExceeded);
  EXPECT_THAT(std::string(refused->status.message()),
              HasSubstr("the call has 50ms left, and /pkg.Service/Method takes about"));
  EXPECT_EQ(service_.calls, before);
  EXPECT_EQ(events_.count("shed.deadline"), 1);
}

TEST_F(ShedByDeadlineTest, LetsPassWhatHasTimeEnoughOrNoDeadline) {
  use(shed_by_deadline(options_));
  learn(100ms);
  EXPECT_TRUE(serve(within(200ms)).ok());
  EXPECT_TRUE(serve().ok());
}

TEST_F(ShedByDeadlineTest, RefusesNothingBeforeItHasSeenEnough) {
  use(shed_by_deadline(options_));
  learn(100ms, 19);
  const int before = service_.calls;
  EXPECT_EQ(serve(within(50ms)).code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(service_.calls, before + 1) << "it was tried";
}

TEST_F(ShedByDeadlineTest, KnowsMethodsApart) {
  use(shed_by_deadline(options_));
  learn(100ms);
  path_ = "/pkg.Service/Quick";
  service_.takes = 1ms;
  EXPECT_TRUE(serve(within(50ms)).ok());
}

TEST_F(ShedByDeadlineTest, ProbesFindOutThatAMethodHasBecomeQuicker) {
  options_.probe_share = 0.05;
  use(shed_by_deadline(options_));
  learn(100ms);
  service_.takes = 1ms;
  int refused = 0;
  for (int i = 0; i < 2000; ++i) refused += serve(within(50ms)).ok() ? 0 : 1;
  EXPECT_GT(refused, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(serve(within(50ms)).ok());
}

TEST_F(ShedByDeadlineTest, LearnsFromCallsThatRanOutOfTime) {
  use(shed_by_deadline(options_));
  learn(10ms);
  service_.takes = 1s;
  const int before = service_.calls;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(serve(within(50ms)).code(), StatusCode::DeadlineExceeded);
  }
  EXPECT_LT(service_.calls - before, 150);
}

TEST_F(ShedByDeadlineTest, ImpossibleOptionsAreToldToEveryCall) {
  options_.probe_share = 0;
  use(shed_by_deadline(options_));
  EXPECT_THAT(serve().to_string(),
              HasSubstr("FAILED_PRECONDITION: DeadlineSheddingOptions::probe_share: 0: "));
}

class ShedByPriorityTest : public middleware::PolicyTest {
 protected:
  /// A call that goes on; whether it was let in.
  bool enter(const char* priority) {
    calls_.push_back(start([&](Call& call) { call.request_metadata().add("priority", priority); }));
    return !calls_.back()->done;
  }
  int enter_all(const char* priority) {
    int entered = 0;
    while (enter(priority)) ++entered;
    return entered;
  }
  PrioritySheddingOptions options(std::size_t limit) {
    PrioritySheddingOptions options;
    options.limit = limit;
    options.observer = &events_;
    return options;
  }

 private:
  std::vector<Handle> calls_;
};

TEST_F(ShedByPriorityTest, WhatMattersLessIsRefusedFirst) {
  service_.takes = 1s;
  use(shed_by_priority(options(100)));
  EXPECT_EQ(enter_all("sheddable"), 50);
  EXPECT_EQ(enter_all("sheddable-plus"), 20);
  EXPECT_EQ(enter_all("critical"), 20);
  EXPECT_EQ(enter_all("critical-plus"), 10);
  EXPECT_EQ(events_.count("shed.priority"), 4);
}

TEST_F(ShedByPriorityTest, WhatSaysNothingKnownIsCritical) {
  service_.takes = 1s;
  use(shed_by_priority(options(10)));
  EXPECT_EQ(enter_all("urgent!!"), 9);
}

TEST_F(ShedByPriorityTest, AFunctionMayDecide) {
  service_.takes = 1s;
  PrioritySheddingOptions decided = options(10);
  decided.shares.priority = [](const Call&) { return Priority::Sheddable; };
  use(shed_by_priority(decided));
  EXPECT_EQ(enter_all("critical-plus"), 5);
}

TEST_F(ShedByPriorityTest, RefusesWithUnavailableAndTakesCallsAgainLater) {
  service_.takes = 1s;
  use(shed_by_priority(options(1)));
  EXPECT_TRUE(enter("sheddable")) << "a class always has one place";
  const Status refused = serve();
  EXPECT_EQ(refused.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("PrioritySheddingOptions::shares"));
  run_for(1s);
  EXPECT_TRUE(serve().ok());
}

TEST_F(ShedByPriorityTest, SharesThatGrowDownwardsAreRefused) {
  PrioritySheddingOptions wrong = options(10);
  wrong.shares.sheddable = 0.8;
  use(shed_by_priority(wrong));
  EXPECT_THAT(serve().to_string(), HasSubstr("PriorityShares::sheddable: 0.8"));
  EXPECT_THAT(validate(PrioritySheddingOptions{}).to_string(),
              HasSubstr("PrioritySheddingOptions::limit: 0"));
}

}  // namespace
}  // namespace weft
