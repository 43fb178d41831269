#include "weft/middleware/limits/adaptive_limit.h"

#include <cmath>
#include <iostream>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/semaphore.h"
#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using Outcome = AdaptiveLimit::Outcome;

// It keeps a reference, so a temporary does not compile.
static_assert(std::is_constructible_v<AdaptiveLimit, const AdaptiveLimitOptions&>);
static_assert(!std::is_constructible_v<AdaptiveLimit, AdaptiveLimitOptions>);

/// Rounds of calls as many as the limit lets in, which all take what the test says.
class AdaptiveLimitTest : public testing::Test {
 protected:
  void round(Duration takes, Outcome outcome = Outcome::Answered, double in_use = 1) {
    const auto wanted = static_cast<double>(limit().limit()) * in_use;
    std::size_t calls = 0;
    while (static_cast<double>(calls) < wanted && limit().try_begin()) ++calls;
    const TimePoint begun = now_;
    now_ += takes;
    for (; calls != 0; --calls) limit().end(begun, now_, outcome);
  }
  void rounds(int count, Duration takes, Outcome outcome = Outcome::Answered, double in_use = 1) {
    for (int i = 0; i < count; ++i) round(takes, outcome, in_use);
  }
  AdaptiveLimit& limit() {
    if (!limit_) limit_.emplace(options_);
    return *limit_;
  }
  AdaptiveLimitOptions options_;
  TimePoint now_{1h};

 private:
  std::optional<AdaptiveLimit> limit_;
};

TEST_F(AdaptiveLimitTest, LetsNoMoreInThanTheLimit) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limit().try_begin());
  EXPECT_FALSE(limit().try_begin());
  limit().end(now_, now_, Outcome::Other);
  EXPECT_TRUE(limit().try_begin());
}

TEST_F(AdaptiveLimitTest, GrowsWhileCallsTakeAsLongAsWithoutLoad) {
  rounds(1000, 10ms);
  EXPECT_GT(limit().limit(), 60U);
}

TEST_F(AdaptiveLimitTest, ShrinksWhenCallsTakeLonger) {
  rounds(50, 10ms);
  const std::size_t before = limit().limit();
  options_.remeasure_interval = 1h;
  rounds(10, 30ms);
  EXPECT_LT(limit().limit(), before);
}

TEST_F(AdaptiveLimitTest, IsLeftAloneWhileLittleOfItIsInUse) {
  rounds(500, 10ms, Outcome::Answered, 0.3);
  EXPECT_EQ(limit().limit(), 20U);
}

TEST_F(AdaptiveLimitTest, BacksOffWhenCallsAreDropped) {
  rounds(20, 10ms);
  const std::size_t before = limit().limit();
  rounds(100, 10ms, Outcome::Dropped);
  EXPECT_LT(limit().limit(), before / 2);
  rounds(1000, 10ms, Outcome::Dropped);
  EXPECT_EQ(limit().limit(), options_.min_limit);
}

TEST_F(AdaptiveLimitTest, QuickRefusalsAreNoMeasurementsOfLatency) {
  rounds(20, 10ms);
  rounds(300, 1us, Outcome::Dropped);
  EXPECT_EQ(limit().no_load(), 10ms);
}

TEST_F(AdaptiveLimitTest, LearnsThatTheServiceHasBecomeSlower) {
  rounds(400, 10ms);
  rounds(4000, 30ms);
  EXPECT_EQ(limit().no_load(), 30ms);
  EXPECT_GT(limit().limit(), 60U) << "grows again";
}

TEST_F(AdaptiveLimitTest, HalvesTheLimitWhileItMeasures) {
  while (!limit().measuring()) round(10ms);
  const std::size_t halved = limit().limit();
  while (limit().measuring()) round(10ms);
  EXPECT_NEAR(static_cast<double>(limit().limit()), 2 * static_cast<double>(halved), 2);
}

/// A server with room for so many calls at a time; the others wait their turn.
class Server {
 public:
  Server(net::SimLoop& loop, std::size_t room, Duration mean, bool varied)
      : loop_(loop), room_(room), mean_(mean), varied_(varied) {}
  Task<Status> serve() { return run(*this); }

 private:
  static Task<Status> run(Server& self) {
    const Result<Semaphore::Permit> permit = co_await self.room_.acquire();
    if (!permit.ok()) co_return permit.status();
    const double factor = self.varied_ ? -std::log(1 - self.loop_.rng().uniform()) : 1;
    co_return co_await net::sleep(
        Duration(static_cast<Duration::rep>(static_cast<double>(self.mean_.count()) * factor)));
  }
  net::SimLoop& loop_;
  Semaphore room_;
  Duration mean_;
  bool varied_;
};

struct Outcomes {
  double goodput = 0;  // of the capacity
  double p99 = 0;      // of the mean service time
  std::size_t limit = 0;
};

class AdaptiveLimitSimulation : public middleware::PolicyTest {
 protected:
  /// Calls that come `load` times as fast as they can be served, for some seconds; what came of
  /// those that began in the second half.
  Outcomes run(std::size_t room, double load, bool varied, AdaptiveLimitOptions options = {}) {
    class LimitWatch final : public PolicyObserver {
     public:
      void on_policy(const PolicyEvent& event) noexcept override {
        if (event.event == "limit") limit = event.value;
      }
      std::int64_t limit = 0;
    } watch;
    options.observer = &watch;
    use(adaptive_limit(options));
    constexpr Duration kService = 10ms;
    constexpr Duration kTime = 14s;
    Server server(loop_, room, kService, varied);
    service_.script = [&](Call&) { return server.serve(); };
    const Duration between = Duration(static_cast<Duration::rep>(
        static_cast<double>(kService.count()) / (static_cast<double>(room) * load)));
    const TimePoint begun = loop_.now();
    std::vector<std::pair<TimePoint, Handle>> calls;
    while (loop_.now() < begun + kTime) {
      calls.emplace_back(loop_.now(), start());
      run_for(between);
    }
    run_for(10s);
    return outcomes(calls, begun + kTime / 2, static_cast<double>(room) * (kTime / 2 / kService),
                    static_cast<std::size_t>(watch.limit));
  }

 private:
  static Outcomes outcomes(const std::vector<std::pair<TimePoint, Handle>>& calls, TimePoint from,
                           double capacity, std::size_t limit) {
    std::vector<Duration> took;
    for (const auto& [begun, call] : calls) {
      EXPECT_TRUE(call->done);
      if (begun >= from && call->status.ok()) took.push_back(call->ended - begun);
    }
    std::sort(took.begin(), took.end());
    const Duration p99 = took.empty() ? Duration{} : took[took.size() * 99 / 100];
    Outcomes out{static_cast<double>(took.size()) / capacity,
                 static_cast<double>(p99.count()) / 1e7, limit};
    std::cout << "goodput " << out.goodput << " of the capacity, p99 " << out.p99
              << " times the service time, limit " << limit << "\n";
    return out;
  }
};

TEST_F(AdaptiveLimitSimulation, FindsTheKneeAtThreeTimesTheCapacity) {
  const Outcomes out = run(10, 3, false);
  EXPECT_GE(out.limit, 10U);
  EXPECT_LE(out.limit, 18U);
  EXPECT_GT(out.goodput, 0.95);
  EXPECT_LT(out.p99, 2);
}

TEST_F(AdaptiveLimitSimulation, FindsTheKneeFromFarBelowIt) {
  const Outcomes out = run(60, 3, false);
  EXPECT_GE(out.limit, 57U);
  EXPECT_LE(out.limit, 90U);
  EXPECT_GT(out.goodput, 0.95);
}

TEST_F(AdaptiveLimitSimulation, FindsTheKneeFromFarAboveIt) {
  AdaptiveLimitOptions options;
  options.initial_limit = 200;
  const Outcomes out = run(10, 3, false, options);
  EXPECT_LE(out.limit, 25U);
  EXPECT_GT(out.goodput, 0.95);
}

TEST_F(AdaptiveLimitSimulation, FindsTheKneeAlsoWhenServiceTimesVary) {
  const Outcomes out = run(10, 3, true);
  EXPECT_GE(out.limit, 8U);
  EXPECT_LE(out.limit, 25U);
  EXPECT_GT(out.goodput, 0.9);
}

TEST_F(AdaptiveLimitSimulation, RefusesNextToNothingBelowTheCapacity) {
  const Outcomes out = run(20, 0.7, true);
  EXPECT_GT(out.goodput, 0.69);
}

class AdaptiveLimitMiddleware : public middleware::PolicyTest {};

TEST_F(AdaptiveLimitMiddleware, RefusesWithUnavailable) {
  AdaptiveLimitOptions options;
  options.initial_limit = 4;
  options.observer = &events_;
  use(adaptive_limit(options));
  service_.takes = 1s;
  std::vector<Handle> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(start());
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
  EXPECT_EQ(events_.count("adaptive.rejected"), 1);
  calls[0]->destroy();
  EXPECT_TRUE(serve().ok()) << "one was let go of";
}

TEST_F(AdaptiveLimitMiddleware, StreamsPass) {
  AdaptiveLimitOptions options;
  options.initial_limit = 4;
  use(adaptive_limit(options));
  const MethodDescriptor watch{
      .name = "Watch", .path = "/pkg.Service/Watch", .kind = MethodKind::ServerStreaming};
  method_ = &watch;
  service_.takes = 1s;
  std::vector<Handle> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(start());
  EXPECT_EQ(service_.in_flight, 40);
}

TEST_F(AdaptiveLimitMiddleware, ShedsWhatMattersLessFirst) {
  AdaptiveLimitOptions options;
  options.initial_limit = 10;
  options.shares.emplace();
  use(adaptive_limit(options));
  service_.takes = 1s;
  const auto with = [](const char* priority) {
    return [priority](Call& call) { call.request_metadata().add("priority", priority); };
  };
  std::vector<Handle> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(start(with("sheddable")));
  EXPECT_EQ(serve(with("sheddable")).code(), StatusCode::Unavailable);
  for (int i = 0; i < 4; ++i) calls.push_back(start());
  EXPECT_EQ(serve().code(), StatusCode::Unavailable) << "critical, by default";
  calls.push_back(start(with("critical-plus")));
  EXPECT_EQ(service_.in_flight, 10);
}

TEST_F(AdaptiveLimitMiddleware, ImpossibleOptionsAreToldToEveryCall) {
  AdaptiveLimitOptions options;
  options.initial_limit = 2000;
  use(adaptive_limit(options));
  EXPECT_EQ(serve().message(),
            "AdaptiveLimitOptions::initial_limit: 2000: must lie between min_limit, 4, and "
            "max_limit, 1000");
}

}  // namespace
}  // namespace weft
