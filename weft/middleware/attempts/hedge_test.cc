#include "weft/middleware/attempts/hedge.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/attempts/latency_quantile.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/internal/test_calls.h"

namespace weft::middleware::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Lt;

HedgeOptions after_100ms(std::uint32_t attempts = 3) {
  HedgeOptions options;
  options.max_attempts = attempts;
  options.delay = 100ms;
  options.budget = unlimited_budget();
  return options;
}

Script answers(std::string_view with, Duration takes = 0ms) {
  return {.takes = takes, .responses = {wire(with)}};
}

class Hedge : public CallTest {
 protected:
  /// When each attempt began, from the first.
  static std::vector<Duration> begins(const ScriptedService& far) {
    std::vector<Duration> begins;
    for (const auto& seen : far.seen()) begins.push_back(seen.begun - far.seen()[0].begun);
    return begins;
  }
};

TEST_F(Hedge, ASlowFirstAttemptIsHedged) {
  ScriptedService far({answers("slow", 10s), answers("quick", 20ms)});
  Events events;
  HedgeOptions options = after_100ms();
  options.observer = &events;
  Chain chain(far, {hedge(options)});
  const TimePoint begun = now();
  const Outcome outcome = unary(chain, "question");
  EXPECT_EQ(outcome.text, "quick");
  EXPECT_EQ(now() - begun, 120ms);
  ASSERT_EQ(far.calls(), 2U);
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_THAT(far.seen()[i].requests, ElementsAre(wire("question")));
    EXPECT_EQ(far.seen()[i].previous_attempts, i);
  }
  EXPECT_THAT(events.lines, ElementsAre("attempt=1", "won=1"));
}

TEST_F(Hedge, LosersEndBeforeTheCallDoes) {
  ScriptedService far({answers("slow", 10s), answers("slow", 10s), answers("quick", 20ms)});
  Chain chain(far, {hedge(after_100ms())});
  EXPECT_EQ(unary(chain, "").text, "quick");
  EXPECT_EQ(far.running(), 0U);
  ASSERT_EQ(far.calls(), 3U);
  EXPECT_EQ(far.seen()[0].ended->code(), StatusCode::Cancelled);
  EXPECT_EQ(far.seen()[1].ended->code(), StatusCode::Cancelled);
  EXPECT_EQ(now() - far.seen()[2].begun, 20ms);
}

TEST_F(Hedge, AQuickAnswerCostsNoSecondAttempt) {
  ScriptedService far({answers("quick", 99ms)});
  Chain chain(far, {hedge(after_100ms())});
  EXPECT_EQ(unary(chain, "").text, "quick");
  network_.run_for(1s);
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Hedge, WithoutDelayAllAreSentAtOnce) {
  ScriptedService far({answers("a", 30ms), answers("b", 20ms), answers("c", 10ms)});
  HedgeOptions options = after_100ms();
  options.delay = 0ms;
  Chain chain(far, {hedge(options)});
  EXPECT_EQ(unary(chain, "").text, "c");
  EXPECT_THAT(begins(far), ElementsAre(0ms, 0ms, 0ms));
}

TEST_F(Hedge, ANonFatalFailureSendsTheNextAttemptAtOnce) {
  ScriptedService far({{.takes = 10ms, .status = unavailable("a")}, answers("b", 10ms)});
  Chain chain(far, {hedge(after_100ms())});
  EXPECT_EQ(unary(chain, "").text, "b");
  EXPECT_THAT(begins(far), ElementsAre(0ms, 10ms));
}

TEST_F(Hedge, AFatalFailureEndsTheCallAndTheOtherAttempts) {
  ScriptedService far({answers("slow", 10s), {.status = invalid_argument("never")}});
  Chain chain(far, {hedge(after_100ms())});
  EXPECT_EQ(unary(chain, "").status, invalid_argument("never"));
  EXPECT_EQ(far.running(), 0U);
  EXPECT_EQ(far.calls(), 2U);
}

TEST_F(Hedge, TheLastFailureIsTheCallsWhereEveryAttemptFails) {
  ScriptedService far(
      {{.takes = 250ms, .status = unavailable("a")},
       {.status = unavailable("b")},
       {.takes = 200ms, .status = unavailable("c"), .trailers = metadata("t", "c")}});
  Chain chain(far, {hedge(after_100ms())});
  const Outcome outcome = unary(chain, "");
  EXPECT_EQ(outcome.status, unavailable("c"));
  EXPECT_EQ(outcome.trailers.get("t"), "c");
  EXPECT_EQ(far.calls(), 3U);
}

TEST_F(Hedge, APushbackPutsOffTheNextAttemptOrEndsHedging) {
  const auto pushes = [](std::string_view value) {
    return Script{.status = unavailable("later"),
                  .trailers = metadata("grpc-retry-pushback-ms", value)};
  };
  ScriptedService later({pushes("700"), answers("x")});
  Chain one(later, {hedge(after_100ms())});
  EXPECT_EQ(unary(one, "").text, "x");
  EXPECT_THAT(begins(later), ElementsAre(0ms, 700ms));

  // What runs already goes on.
  ScriptedService never({answers("x", 500ms), pushes("-1")});
  Chain two(never, {hedge(after_100ms())});
  EXPECT_EQ(unary(two, "").text, "x");
  EXPECT_EQ(never.calls(), 2U);
}

TEST_F(Hedge, AttemptsStayWithinTheBudget) {
  HedgeOptions options = after_100ms(2);
  options.budget = ratio_budget({.ratio = 0.1, .min_per_second = 0, .window = 1h});
  Events events;
  options.observer = &events;
  ScriptedService far({answers("x", 150ms)});
  Chain chain(far, {hedge(options)});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(unary(chain, "").text, "x");
  EXPECT_EQ(far.calls(), 110U);
  EXPECT_EQ(std::count(events.lines.begin(), events.lines.end(), "over_budget"), 90);
}

TEST_F(Hedge, MetadataAndTrailersAreThoseOfTheAttemptThatWon) {
  Script slow = answers("slow", 10s);
  slow.response_metadata = metadata("from", "slow");
  Script quick = answers("quick", 20ms);
  quick.response_metadata = metadata("from", "quick");
  quick.trailers = metadata("end", "quick");
  ScriptedService far({slow, quick});
  Chain chain(far, {hedge(after_100ms())});
  const Outcome outcome = unary(chain, "");
  EXPECT_EQ(outcome.response_metadata.get("from"), "quick");
  EXPECT_EQ(outcome.trailers.get("end"), "quick");
}

TEST_F(Hedge, TheFirstResponseToBeginWins) {
  ScriptedService far(
      {{.takes = 150ms, .announces = true, .then_takes = 1s, .status = unavailable("a")},
       answers("b", 100ms)});
  Chain chain(far, {hedge(after_100ms())});
  EXPECT_EQ(unary(chain, "").status, unavailable("a"));
  EXPECT_EQ(far.seen()[1].ended->code(), StatusCode::Cancelled);
}

TEST_F(Hedge, TheDeadlineEndsAllAttempts) {
  ScriptedService far({answers("x", 10s)});
  Chain chain(far, {hedge(after_100ms(5))});
  const TimePoint begun = now();
  EXPECT_EQ(unary(chain, "", kUnary, 250ms).status.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(now() - begun, 250ms);
  EXPECT_EQ(far.calls(), 3U);
  EXPECT_EQ(far.running(), 0U);
}

Task<Status> cancel_after(Context& context, Duration pause) {
  Status slept = co_await net::sleep(pause);
  context.cancel(cancelled("enough"));
  co_return slept;
}

TEST_F(Hedge, TheCallersCancellationEndsAllAttempts) {
  ScriptedService far({answers("x", 10s), {.status = unavailable("b")}, answers("x", 10s)});
  Chain chain(far, {hedge(after_100ms())});
  Context context;
  Task<Status> canceller = cancel_after(context, 150ms);
  loop_.enter([&] { canceller.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  const Text request = text("");
  const Result<Text> reply = testing::run(
      loop_, rpc::call_unary<Text>(chain, kUnary, request, CallOptions()), 1h, &context);
  EXPECT_EQ(reply.status(), cancelled("enough"));
  EXPECT_EQ(far.calls(), 3U);
  EXPECT_EQ(far.running(), 0U);
}

TEST_F(Hedge, TheCoroutineMayBeDestroyedWhileAttemptsRun) {
  for (const Duration limit : {50ms, 150ms}) {
    ScriptedService far({answers("x", 10s)});
    Chain chain(far, {hedge(after_100ms())});
    const Text request = text("");
    EXPECT_THROW(static_cast<void>(testing::run(
                     loop_, rpc::call_unary<Text>(chain, kUnary, request, CallOptions()), limit)),
                 testing::DidNotHappen);
    EXPECT_EQ(far.running(), 0U);
    const std::size_t calls = far.calls();
    network_.run_for(10s);
    EXPECT_EQ(far.calls(), calls);
  }
}

Task<std::vector<std::string>> chat(Service& service, std::vector<std::string> say, Duration pause,
                                    Status& status) {
  auto stream =
      co_await rpc::OpenStream<ClientReaderWriter<Text, Text>>(service, kChat, nullptr, {});
  for (const std::string& line : say) {
    const Text message = text(line);
    if (!co_await stream.write(message)) break;
    static_cast<void>(co_await net::sleep(pause));
  }
  stream.half_close();
  std::vector<std::string> heard;
  while (const std::optional<Text> part = co_await stream.read()) heard.push_back(part->value());
  status = co_await stream.finish();
  co_return heard;
}

TEST_F(Hedge, EveryAttemptOfAStreamGetsAllRequests) {
  ScriptedService far({answers("slow", 10s), {.responses = {wire("a"), wire("b")}}});
  Chain chain(far, {hedge(after_100ms(2))});
  Status status;
  const auto heard = testing::run(loop_, chat(chain, {"1", "2", "3", "4"}, 40ms, status));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(heard, ElementsAre("a", "b"));
  for (const auto& seen : far.seen()) {
    EXPECT_THAT(seen.requests, ElementsAre(wire("1"), wire("2"), wire("3"), wire("4")));
  }
}

TEST_F(Hedge, ALargeStreamStaysWithTheFurthestAttempt) {
  const Script first{.responses = {wire("first")}};
  ScriptedService far({first, {.reads_requests = false, .takes = 10s}});
  HedgeOptions options = after_100ms(2);
  options.buffer_limit = 250;
  Chain chain(far, {hedge(options)});
  Status status;
  const std::string part(98, 'x');
  const auto heard = testing::run(loop_, chat(chain, {part, part, part, part, part}, 60ms, status));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(heard, ElementsAre("first"));
  EXPECT_EQ(far.seen()[0].requests.size(), 5U);
  ASSERT_EQ(far.calls(), 2U);
  EXPECT_EQ(far.seen()[1].ended->code(), StatusCode::Cancelled);
}

TEST_F(Hedge, WorksWithinRetry) {
  const Script fails{.status = unavailable("not now")};
  ScriptedService far({fails, fails, fails, answers("x")});
  RetryOptions retries;
  retries.budget = unlimited_budget();
  Chain chain(far, {retry(retries), hedge(after_100ms(2))});
  const Outcome outcome = unary(chain, "question");
  EXPECT_EQ(outcome.text, "x");
  ASSERT_EQ(far.calls(), 4U);
  EXPECT_THAT(far.seen()[3].requests, ElementsAre(wire("question")));
}

TEST_F(Hedge, TheDelayFollowsWhatTheMethodTakes) {
  std::vector<Script> scripts(100, answers("usual", 10ms));
  scripts.push_back(answers("slow", 10s));
  scripts.push_back(answers("hedge", 10ms));
  ScriptedService far(scripts);
  HedgeOptions options = after_100ms(2);
  options.delay_quantile = 0.95;
  Chain chain(far, {hedge(options)});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(unary(chain, "").text, "usual");
  const TimePoint begun = now();
  EXPECT_EQ(unary(chain, "").text, "hedge");
  // 10 ms to about 5 %, and the hedge's own 10 ms.
  EXPECT_THAT(now() - begun, ::testing::AllOf(Lt(22ms), ::testing::Gt(19ms)));
}

TEST_F(Hedge, LosersKeepTheDelayFromShrinking) {
  // Of three attempts one is slow; the hedges that win do not make the method's calls any quicker.
  std::vector<Script> scripts;
  for (int i = 0; i < 60; ++i) {
    scripts.push_back(answers("slow", 10s));
    scripts.push_back(answers("hedge", 10ms));
    scripts.push_back(answers("usual", 10ms));
  }
  ScriptedService far(scripts);
  HedgeOptions options = after_100ms(2);
  options.delay_quantile = 0.9;
  Chain chain(far, {hedge(options)});
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(unary(chain, "").text, "hedge");
    EXPECT_EQ(unary(chain, "").text, "usual");
  }
  const Duration last = far.seen()[178].begun - far.seen()[177].begun;
  EXPECT_GT(last, 90ms);
}

TEST_F(Hedge, OptionsThatCannotBeAreNamedByEveryCall) {
  HedgeOptions options = after_100ms();
  options.delay_quantile = 95;
  ScriptedService far({Script()});
  Chain chain(far, {hedge(options)});
  EXPECT_EQ(unary(chain, "").status.to_string(),
            "FAILED_PRECONDITION: HedgeOptions::delay_quantile: 95: must be from 0 to 1");
}

TEST_F(Hedge, PoliciesAreLookedUpForEachCall) {
  std::shared_ptr<const HedgeOptions> current;
  ScriptedService far({answers("x", 150ms)});
  Chain chain(far, {hedge(HedgePolicies([&](const Call&) { return current; }))});
  EXPECT_EQ(unary(chain, "").text, "x");
  EXPECT_EQ(far.calls(), 1U);
  current = std::make_shared<HedgeOptions>(after_100ms(2));
  EXPECT_EQ(unary(chain, "").text, "x");
  EXPECT_EQ(far.calls(), 3U);
}

TEST(LatencyQuantile, IsKnownToFivePercentOnceThereAreEnough) {
  LatencyQuantile latency;
  const TimePoint now{1h};
  for (int i = 1; i <= 19; ++i) latency.record(now, i * 1ms);
  EXPECT_FALSE(latency.quantile(now, 0.5));
  for (int i = 20; i <= 1000; ++i) latency.record(now, i * 1ms);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    const double found = std::chrono::duration<double>(*latency.quantile(now, q)).count();
    EXPECT_NEAR(found, q, q * 0.055) << q;
  }
}

TEST(LatencyQuantile, ForgetsWhatIsOlderThanTwoWindows) {
  LatencyQuantile latency(10s);
  for (int i = 0; i < 100; ++i) latency.record(TimePoint{100s}, 1s);
  for (int i = 0; i < 100; ++i) latency.record(TimePoint{110s}, 1ms);
  EXPECT_GT(*latency.quantile(TimePoint{110s}, 0.9), 900ms);
  for (int i = 0; i < 100; ++i) latency.record(TimePoint{120s}, 1ms);
  EXPECT_LT(*latency.quantile(TimePoint{120s}, 0.9), 2ms);
  EXPECT_FALSE(latency.quantile(TimePoint{200s}, 0.9));
}

TEST(LatencyQuantile, TakesTheShortestAndTheLongest) {
  LatencyQuantile latency;
  for (int i = 0; i < 50; ++i) latency.record(TimePoint{1h}, i % 2 == 0 ? Duration(0) : kForever);
  EXPECT_EQ(*latency.quantile(TimePoint{1h}, 0.1), 10us);
  EXPECT_GT(*latency.quantile(TimePoint{1h}, 0.9), 90s);
}

}  // namespace
}  // namespace weft::middleware::test
