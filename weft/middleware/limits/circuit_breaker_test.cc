#include "weft/middleware/limits/circuit_breaker.h"

#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/endpoints/endpoint.h"
#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;
using Outcome = CircuitBreaker::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;

// It keeps a reference, so a temporary does not compile.
static_assert(std::is_constructible_v<CircuitBreaker, const CircuitBreakerOptions&>);
static_assert(!std::is_constructible_v<CircuitBreaker, CircuitBreakerOptions>);

/// One breaker and a clock that the test turns.
class CircuitBreakerTest : public testing::Test {
 protected:
  /// A call that ends at once; false where it is refused.
  bool call(Outcome outcome) {
    const std::optional<CircuitBreaker::Pass> pass = breaker().admit(now_);
    if (pass) breaker().record(*pass, now_, outcome, rng_);
    return pass.has_value();
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) call(Outcome::Failure);
  }
  CircuitBreaker& breaker() {
    if (!breaker_) breaker_.emplace(options_);
    return *breaker_;
  }
  CircuitBreakerOptions options_;
  TimePoint now_{1h};
  Rng rng_{1};

 private:
  std::optional<CircuitBreaker> breaker_;
};

TEST_F(CircuitBreakerTest, OpensAfterSoManyFailuresInARow) {
  fail(4);
  EXPECT_EQ(breaker().state(), State::Closed);
  fail(1);
  EXPECT_EQ(breaker().state(), State::Open);
  EXPECT_FALSE(call(Outcome::Success));
  EXPECT_EQ(breaker().why_open(), "5 failures in a row");
}

TEST_F(CircuitBreakerTest, ASuccessStartsTheCountOfFailuresAnew) {
  options_.failure_ratio = 0;
  for (int i = 0; i < 100; ++i) {
    fail(4);
    call(Outcome::Success);
  }
  EXPECT_EQ(breaker().state(), State::Closed);
}

TEST_F(CircuitBreakerTest, OpensByFailureRatioAfterEnoughCalls) {
  options_.consecutive_failures = 0;
  for (int i = 0; i < 9; ++i) {
    call(Outcome::Success);
    call(Outcome::Failure);
  }
  EXPECT_EQ(breaker().state(), State::Closed) << "18 calls, 20 are needed";
  call(Outcome::Success);
  call(Outcome::Failure);
  EXPECT_EQ(breaker().state(), State::Open);
  EXPECT_EQ(breaker().why_open(), "10 of 20 calls failed");
}

TEST_F(CircuitBreakerTest, ForgetsWhatIsOlderThanTheWindow) {
  options_.consecutive_failures = 0;
  fail(15);
  now_ += options_.window + options_.window / 10;
  for (int i = 0; i < 20; ++i) call(Outcome::Success);
  fail(10);
  EXPECT_EQ(breaker().state(), State::Closed) << "10 of 30";
}

TEST_F(CircuitBreakerTest, AllowsItsProbesAfterTheOpenTime) {
  fail(5);
  now_ = breaker().open_until() - 1ns;
  EXPECT_FALSE(breaker().admit(now_));
  now_ += 1ns;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(breaker().admit(now_));
  EXPECT_EQ(breaker().state(), State::HalfOpen);
  EXPECT_FALSE(breaker().admit(now_)) << "a fourth";
}

TEST_F(CircuitBreakerTest, ClosesWhenAllProbesSucceeded) {
  fail(5);
  now_ = breaker().open_until();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(call(Outcome::Success));
  EXPECT_EQ(breaker().state(), State::HalfOpen);
  EXPECT_TRUE(call(Outcome::Success));
  EXPECT_EQ(breaker().state(), State::Closed);
}

TEST_F(CircuitBreakerTest, EachFailedProbeLengthensTheOpenTime) {
  options_.jitter = 0;
  fail(5);
  for (const Duration expected : {5s, 10s, 20s, 40s, 60s, 60s}) {
    EXPECT_EQ(breaker().open_time(), expected);
    now_ = breaker().open_until();
    fail(1);
    EXPECT_EQ(breaker().state(), State::Open);
  }
  now_ = breaker().open_until();
  for (int i = 0; i < 3; ++i) call(Outcome::Success);
  fail(5);
  EXPECT_EQ(breaker().open_time(), 5s) << "closed in between";
}

TEST_F(CircuitBreakerTest, VariesTheOpenTimeByTheJitter) {
  Duration least = kForever;
  Duration most{};
  for (int i = 0; i < 200; ++i) {
    CircuitBreaker breaker(options_);
    for (int j = 0; j < 5; ++j) breaker.record(*breaker.admit(now_), now_, Outcome::Failure, rng_);
    least = std::min(least, breaker.open_time());
    most = std::max(most, breaker.open_time());
  }
  EXPECT_GE(least, 4s);
  EXPECT_LT(least, 4200ms);
  EXPECT_LE(most, 6s);
  EXPECT_GT(most, 5800ms);
}

TEST_F(CircuitBreakerTest, IgnoresResultsOfCallsBegunBeforeItOpened) {
  const CircuitBreaker::Pass early = *breaker().admit(now_);
  fail(5);
  now_ = breaker().open_until();
  ASSERT_TRUE(breaker().admit(now_));
  breaker().record(early, now_, Outcome::Failure, rng_);
  EXPECT_EQ(breaker().state(), State::HalfOpen);
}

TEST_F(CircuitBreakerTest, AProbeThatWasCancelledMakesRoomForAnother) {
  options_.probes = 1;
  fail(5);
  now_ = breaker().open_until();
  EXPECT_TRUE(call(Outcome::Neither));
  EXPECT_EQ(breaker().state(), State::HalfOpen);
  EXPECT_TRUE(call(Outcome::Success));
  EXPECT_EQ(breaker().state(), State::Closed);
}

TEST_F(CircuitBreakerTest, GivesUpOnProbesThatNeverEnd) {
  fail(5);
  now_ = breaker().open_until();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(breaker().admit(now_));
  ASSERT_FALSE(breaker().admit(now_ + breaker().open_time() - 1ns));
  EXPECT_TRUE(breaker().admit(now_ + breaker().open_time()));
}

class CircuitBreakerMiddleware : public middleware::PolicyTest {
 protected:
  CircuitBreakerOptions options() {
    CircuitBreakerOptions options;
    options.observer = &events_;
    return options;
  }
  void fail(int times) {
    service_.answer = unavailable("the disk is full");
    for (int i = 0; i < times; ++i) EXPECT_EQ(serve().message(), "the disk is full");
    service_.answer = Status();
  }
};

TEST_F(CircuitBreakerMiddleware, RefusesAtOnceAndSaysWhy) {
  use(circuit_breaker(options()));
  fail(5);
  const Status refused = serve();
  EXPECT_EQ(refused.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("/pkg.Service/Method"), HasSubstr("5 failures in a row"),
                    HasSubstr("UNAVAILABLE: the disk is full")));
  EXPECT_EQ(service_.calls, 5);
}

TEST_F(CircuitBreakerMiddleware, RecoversAndTellsTheObserver) {
  use(circuit_breaker(options()));
  fail(5);
  static_cast<void>(serve());
  run_for(6s);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(serve().ok());
  EXPECT_THAT(events_.names, ElementsAre("breaker.opened", "breaker.rejected", "breaker.half_open",
                                         "breaker.closed"));
  EXPECT_GT(events_.values.at(0), Duration(4s).count() - 1);
}

TEST_F(CircuitBreakerMiddleware, MethodsHaveBreakersOfTheirOwn) {
  use(circuit_breaker(options()));
  fail(5);
  path_ = "/pkg.Service/Other";
  EXPECT_TRUE(serve().ok());
}

TEST_F(CircuitBreakerMiddleware, EndpointsHaveBreakersOfTheirOwn) {
  use(circuit_breaker(options()));
  side_ = Call::Side::Client;
  cluster::Endpoint ill;
  ill.addresses = {*net::Address::ip("10.0.0.1", 80)};
  cluster::Endpoint well;
  well.addresses = {*net::Address::ip("::1", 80)};
  const auto to = [](const cluster::Endpoint& endpoint) {
    return [&endpoint](Call& call) { call.set_endpoint(&endpoint); };
  };
  service_.answer = unavailable("the disk is full");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(serve(to(ill)).ok());
  service_.answer = Status();
  EXPECT_THAT(std::string(serve(to(ill)).message()),
              HasSubstr("/pkg.Service/Method at 10.0.0.1:80 is open"));
  EXPECT_TRUE(serve(to(well)).ok());
  EXPECT_TRUE(serve().ok());
}

TEST_F(CircuitBreakerMiddleware, AKeyMayJoinMethods) {
  CircuitBreakerOptions joined = options();
  joined.key = by_metadata("tenant");
  use(circuit_breaker(joined));
  fail(5);
  path_ = "/pkg.Service/Other";
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
  EXPECT_TRUE(serve([](Call& call) { call.request_metadata().add("tenant", "blue"); }).ok());
}

TEST_F(CircuitBreakerMiddleware, WhatTheCallerDidWrongIsNoFailure) {
  use(circuit_breaker(options()));
  service_.answer = not_found("no such thing");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(serve().code(), StatusCode::NotFound);
}

TEST_F(CircuitBreakerMiddleware, ACallThatItsCallerCancelsIsNeither) {
  use(circuit_breaker(options()));
  service_.takes = 10s;
  for (int i = 0; i < 20; ++i) {
    const Handle call = start();
    call->call.context().cancel(cancelled("not interested any more"));
    finish(*call);
    EXPECT_EQ(call->status.code(), StatusCode::Cancelled);
  }
  for (int i = 0; i < 20; ++i) start()->destroy();
  EXPECT_THAT(events_.names, ElementsAre());
}

TEST_F(CircuitBreakerMiddleware, ForgetsTheBreakerUsedLeastRecentlyBeyondTheLimit) {
  CircuitBreakerOptions few = options();
  few.max_keys = 2;
  use(circuit_breaker(few));
  fail(5);
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
  for (const char* path : {"/a/b", "/c/d"}) {
    path_ = path;
    EXPECT_TRUE(serve().ok());
  }
  path_ = "/pkg.Service/Method";
  EXPECT_TRUE(serve().ok());
}

TEST_F(CircuitBreakerMiddleware, ImpossibleOptionsAreToldToEveryCall) {
  CircuitBreakerOptions wrong;
  wrong.failure_ratio = 1.5;
  use(circuit_breaker(wrong));
  const Status status = serve();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(status.message(),
            "CircuitBreakerOptions::failure_ratio: 1.5: must lie between 0 and 1");
}

}  // namespace
}  // namespace weft
