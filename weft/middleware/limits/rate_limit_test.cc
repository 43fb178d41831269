#include "weft/middleware/limits/rate_limit.h"

#include <cmath>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(TokenBucket, LetsABurstThroughAndThenTheRate) {
  TokenBucket bucket(10, 5);
  TimePoint now{1h};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bucket.take(now), 0ns);
  EXPECT_EQ(bucket.take(now), 100ms);
  EXPECT_EQ(bucket.take(now + 60ms), 40ms) << "a refusal takes nothing";
  EXPECT_EQ(bucket.take(now + 100ms), 0ns);
  EXPECT_NE(bucket.take(now + 100ms), 0ns);
}

TEST(TokenBucket, FillsUpToItsRoomAndNoFurther) {
  TokenBucket bucket(10, 5);
  TimePoint now{1h};
  for (int round = 0; round < 2; ++round) {
    int taken = 0;
    while (bucket.take(now) == 0ns) ++taken;
    EXPECT_EQ(taken, 5);
    now += 1h;
  }
}

TEST(TokenBucket, KeepsToTheRateInTheLongRun) {
  for (const double rate : {0.5, 3.0, 333.0, 1e5}) {
    TokenBucket bucket(rate, 2);
    TimePoint now{1h};
    const Duration step = Duration(static_cast<Duration::rep>(1e9 / rate / 3));
    int taken = 0;
    for (int i = 0; i < 30000; ++i, now += step) taken += bucket.take(now) == 0ns ? 1 : 0;
    EXPECT_NEAR(taken, 10000, 2) << rate;
  }
}

TEST(TokenBucket, ReservesATokenThatIsWorthWaitingFor) {
  TokenBucket bucket(10, 1);
  const TimePoint now{1h};
  EXPECT_EQ(bucket.take(now, 250ms), 0ms);
  EXPECT_EQ(bucket.take(now, 250ms), 100ms);
  EXPECT_EQ(bucket.take(now, 250ms), 200ms);
  EXPECT_EQ(bucket.take(now, 250ms), 300ms) << "not taken";
  EXPECT_EQ(bucket.take(now, 300ms), 300ms);
}

TEST(TokenBucket, GivesNoTokenTwiceToSeveralThreads) {
  TokenBucket bucket(1, 1000);
  const TimePoint now{1h};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) taken += bucket.take(now) == 0ns ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
}

class RateLimitTest : public middleware::PolicyTest {
 protected:
  RateLimitOptions options(double rate, double burst) {
    RateLimitOptions options;
    options.rate = rate;
    options.burst = burst;
    options.observer = &events_;
    return options;
  }
  static std::function<void(Call&)> as(const char* user) {
    return [user](Call& call) { call.request_metadata().add("user", user); };
  }
};

TEST_F(RateLimitTest, RefusesExcessCallsWithARetryDelay) {
  use(rate_limit(options(10, 2)));
  EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(serve().ok());
  const Handle refused = start();
  EXPECT_EQ(refused->status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(refused->status.message(),
            "more than 10 calls a second (RateLimitOptions::rate); try again in 100ms");
  EXPECT_EQ(retry_delay(refused->status), 100ms);
  EXPECT_EQ(refused->call.trailers().get("grpc-retry-pushback-ms"), "100");
  EXPECT_TRUE(refused->call.trailers().validate().ok());
  EXPECT_EQ(service_.calls, 2);
  run_for(100ms);
  EXPECT_TRUE(serve().ok());
}

TEST_F(RateLimitTest, DoesNotPushBackWhereThatIsOff) {
  RateLimitOptions silent = options(10, 1);
  silent.push_back = false;
  use(rate_limit(silent));
  static_cast<void>(serve());
  EXPECT_FALSE(start()->call.trailers().get("grpc-retry-pushback-ms"));
}

TEST_F(RateLimitTest, KeysHaveBucketsOfTheirOwn) {
  RateLimitOptions each = options(1, 1);
  each.key = by_metadata("user");
  use(rate_limit(each));
  EXPECT_TRUE(serve(as("ann")).ok());
  EXPECT_EQ(serve(as("ann")).code(), StatusCode::ResourceExhausted);
  EXPECT_TRUE(serve(as("bob")).ok());
  EXPECT_TRUE(serve().ok()) << "those without share one";
  EXPECT_FALSE(serve().ok());
}

TEST_F(RateLimitTest, KeepsSoManyKeysAndForgetsTheOldest) {
  RateLimitOptions each = options(0.01, 1);
  each.key = by_metadata("user");
  each.max_keys = 64;
  use(rate_limit(each));
  EXPECT_TRUE(serve(as("ann")).ok());
  EXPECT_FALSE(serve(as("ann")).ok());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(serve(as(std::to_string(i).c_str())).ok());
  EXPECT_TRUE(serve(as("ann")).ok());
}

TEST_F(RateLimitTest, MayMakeCallsWaitInstead) {
  RateLimitOptions patient = options(10, 1);
  patient.max_wait = 250ms;
  use(rate_limit(patient));
  const TimePoint begun = loop_.now();
  std::vector<Handle> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(start());
  EXPECT_EQ(calls.back()->status.code(), StatusCode::ResourceExhausted) << "300ms is too long";
  for (const Handle& call : calls) finish(*call);
  EXPECT_EQ(calls[1]->ended - begun, 100ms);
  EXPECT_EQ(calls[2]->ended - begun, 200ms);
  EXPECT_EQ(events_.count("rate_limit.delayed"), 2);
}

TEST_F(RateLimitTest, RefusesACallWhoseDeadlinePrecedesItsToken) {
  RateLimitOptions patient = options(10, 1);
  patient.max_wait = 250ms;
  use(rate_limit(patient));
  EXPECT_TRUE(serve().ok());
  const Handle hurried = start([](Call& call) { call.limit_timeout(50ms); });
  EXPECT_EQ(hurried->status.code(), StatusCode::ResourceExhausted);
}

TEST_F(RateLimitTest, AWaitingCallThatIsCancelledEnds) {
  RateLimitOptions patient = options(1, 1);
  patient.max_wait = 10s;
  use(rate_limit(patient));
  EXPECT_TRUE(serve().ok());
  const Handle waiting = start();
  waiting->call.context().cancel(cancelled("not interested any more"));
  finish(*waiting);
  EXPECT_EQ(waiting->status.code(), StatusCode::Cancelled);
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(RateLimitTest, ImpossibleOptionsAreNamed) {
  const auto why = [this](double rate, double burst) {
    return std::string(validate(options(rate, burst)).message());
  };
  EXPECT_THAT(why(0, 0), HasSubstr("RateLimitOptions::rate: 0: must be more than 0"));
  EXPECT_THAT(why(std::nan(""), 0), HasSubstr("RateLimitOptions::rate: nan"));
  EXPECT_THAT(why(1e9, 0), HasSubstr("rate: 1e+09: "));
  EXPECT_THAT(why(1, 0.5), HasSubstr("RateLimitOptions::burst: 0.5: must be at least 1"));
  EXPECT_THAT(why(1e-6, 1e6), HasSubstr("within 30 days"));
  use(rate_limit(options(-1, 0)));
  EXPECT_EQ(serve().code(), StatusCode::FailedPrecondition);
}

}  // namespace
}  // namespace weft
