#include "weft/middleware/attempts/retry.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/middleware/attempts/timeout.h"
#include "weft/middleware/internal/test_calls.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft::middleware::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Script kFails{.status = unavailable("not now")};

RetryOptions steady(std::uint32_t attempts = 3) {
  RetryOptions options;
  options.max_attempts = attempts;
  options.initial_backoff = 100ms;
  options.max_backoff = 10s;
  options.jitter = 0;
  options.budget = unlimited_budget();
  return options;
}

class Retry : public CallTest {
 protected:
  /// The pauses between the end of an attempt and the beginning of the next.
  static std::vector<Duration> pauses(const ScriptedService& far) {
    std::vector<Duration> pauses;
    for (std::size_t i = 1; i < far.calls(); ++i) {
      pauses.push_back(far.seen()[i].begun - far.seen()[i - 1].ended_at);
    }
    return pauses;
  }
};

TEST_F(Retry, SendsTheRequestAgainUntilAnAttemptSucceeds) {
  ScriptedService far({kFails, kFails, {.responses = {wire("third")}}});
  Chain chain(far, {retry(steady())});
  const Outcome outcome = unary(chain, "question");
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.to_string();
  EXPECT_EQ(outcome.text, "third");
  ASSERT_EQ(far.calls(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_THAT(far.seen()[i].requests, ElementsAre(wire("question")));
    EXPECT_EQ(far.seen()[i].previous_attempts, i);
  }
  EXPECT_THAT(pauses(far), ElementsAre(100ms, 200ms));
}

TEST_F(Retry, GivesUpWithTheLastTrysStatusAndTrailers) {
  ScriptedService far(
      {kFails, {.status = unavailable("second"), .trailers = metadata("which", "second")}});
  Events events;
  RetryOptions options = steady(2);
  options.observer = &events;
  Chain chain(far, {retry(options)});
  const Outcome outcome = unary(chain, "question");
  EXPECT_EQ(outcome.status, unavailable("second"));
  EXPECT_EQ(outcome.trailers.get("which"), "second");
  EXPECT_EQ(far.calls(), 2U);
  EXPECT_THAT(events.lines, ElementsAre("attempt=1", "exhausted=2"));
}

TEST_F(Retry, DoesNotRepeatOtherFailures) {
  ScriptedService far({{.status = invalid_argument("never")}});
  Chain chain(far, {retry(steady())});
  EXPECT_EQ(unary(chain, "").status, invalid_argument("never"));
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Retry, PausesGrowToTheirMaximumGiveOrTakeTheJitter) {
  RetryOptions options = steady(8);
  options.max_backoff = 1s;
  options.jitter = 0.2;
  ScriptedService far({kFails});
  Chain chain(far, {retry(options)});
  EXPECT_FALSE(unary(chain, "").status.ok());
  const std::vector<Duration> found = pauses(far);
  const std::vector<Duration> expected{100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s};
  ASSERT_EQ(found.size(), expected.size());
  bool all_exact = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_GE(found[i], expected[i] * 8 / 10);
    EXPECT_LE(found[i], expected[i] * 12 / 10);
    all_exact = all_exact && found[i] == expected[i];
  }
  EXPECT_FALSE(all_exact);
}

Script pushes_back(std::string_view value) {
  return {.status = unavailable("later"), .trailers = metadata("grpc-retry-pushback-ms", value)};
}

TEST_F(Retry, AServersPushbackReplacesThePauseAndStartsPausesAnew) {
  ScriptedService far({kFails, kFails, pushes_back("1500"), kFails, {.responses = {wire("x")}}});
  Chain chain(far, {retry(steady(5))});
  EXPECT_TRUE(unary(chain, "").status.ok());
  EXPECT_THAT(pauses(far), ElementsAre(100ms, 200ms, 1500ms, 100ms));
}

TEST_F(Retry, ANegativeOrInvalidPushbackEndsTheCall) {
  for (const std::string_view value : {"-1", "soon", "", "1.5", "99999999999"}) {
    ScriptedService far({pushes_back(value)});
    Events events;
    RetryOptions options = steady();
    options.observer = &events;
    Chain chain(far, {retry(options)});
    EXPECT_EQ(unary(chain, "").status, unavailable("later")) << value;
    EXPECT_EQ(far.calls(), 1U) << value;
    EXPECT_THAT(events.lines, ElementsAre("pushed_back")) << value;
  }
}

TEST_F(Retry, AStatusMaySetTheEarliestRetry) {
  ScriptedService far({{.status = with_retry_delay(unavailable("later"), 700ms)},
                       {.status = with_retry_delay(unavailable("sooner"), 1ms)},
                       {.responses = {wire("x")}}});
  Chain chain(far, {retry(steady())});
  EXPECT_TRUE(unary(chain, "").status.ok());
  EXPECT_THAT(pauses(far), ElementsAre(700ms, 200ms));
}

TEST_F(Retry, EndsAtOnceIfTheDeadlinePrecedesTheNextAttempt) {
  ScriptedService far({kFails});
  Chain chain(far, {retry(steady(5))});
  const TimePoint begun = now();
  const Outcome outcome = unary(chain, "", kUnary, 250ms);
  EXPECT_EQ(outcome.status, unavailable("not now"));
  EXPECT_EQ(now() - begun, 100ms);
  EXPECT_EQ(far.calls(), 2U);
}

TEST_F(Retry, TheDeadlineHoldsAcrossAttempts) {
  ScriptedService far({kFails, {.takes = 10s}});
  Chain chain(far, {retry(steady(5))});
  const TimePoint begun = now();
  const Outcome outcome = unary(chain, "", kUnary, 250ms);
  EXPECT_EQ(outcome.status.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(now() - begun, 250ms);
  EXPECT_EQ(far.running(), 0U);
}

TEST_F(Retry, LogsAnUnboundedAttemptOncePerMethod) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  constexpr MethodDescriptor kHangs{.name = "Hangs", .path = "/test.Kinds/Hangs"};
  ScriptedService far({{.takes = 10s}});
  Chain chain(far, {retry(steady())});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(unary(chain, "", kHangs, 250ms).status.code(), StatusCode::DeadlineExceeded);
  }
  set_log_sink({});
  EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("/test.Kinds/Hangs"),
                                       HasSubstr("RetryOptions::per_try_timeout"))));
}

TEST_F(Retry, CancelsAndRepeatsAnUnansweredAttempt) {
  ScriptedService far({{.takes = 10s}, {.responses = {wire("second")}}});
  RetryOptions options = steady();
  options.per_try_timeout = 50ms;
  Chain chain(far, {retry(options)});
  EXPECT_EQ(unary(chain, "").text, "second");
  ASSERT_TRUE(far.seen()[0].ended.has_value());
  EXPECT_EQ(far.seen()[0].ended->code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(far.seen()[0].ended_at - far.seen()[0].begun, 50ms);
}

TEST_F(Retry, TheTimeoutsStatusNamesItsOption) {
  ScriptedService far({{.takes = 10s}});
  RetryOptions options = steady();
  options.per_try_timeout = 50ms;
  Chain chain(far, {retry(options)});
  const Outcome outcome = unary(chain, "");
  EXPECT_EQ(outcome.status.code(), StatusCode::DeadlineExceeded);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("per_try_timeout"));
  EXPECT_EQ(far.calls(), 3U);
}

TEST_F(Retry, AnAttemptWhoseResponseHasBegunMayTakeItsTime) {
  ScriptedService far({{.announces = true, .then_takes = 10s, .status = not_found("no")}});
  RetryOptions options = steady();
  options.per_try_timeout = 50ms;
  Chain chain(far, {retry(options)});
  EXPECT_EQ(unary(chain, "").status, not_found("no"));
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Retry, NothingIsRepeatedOnceTheResponseHasBegun) {
  ScriptedService far({{.announces = true,
                        .response_metadata = metadata("from", "first"),
                        .status = unavailable("too late")}});
  Chain chain(far, {retry(steady())});
  const Outcome outcome = unary(chain, "", kIdempotent);
  EXPECT_EQ(outcome.status, unavailable("too late"));
  EXPECT_EQ(outcome.response_metadata.get("from"), "first");
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Retry, AnIdempotentMethodMayFailAfterItsResponseBegan) {
  RetryOptions options = steady();
  options.after_response_began = true;
  const std::vector<Script> scripts{
      {.response_metadata = metadata("from", "first"),
       .responses = {wire("half")},
       .status = unavailable("broke off")},
      {.response_metadata = metadata("from", "second"), .responses = {wire("whole")}}};
  ScriptedService far(scripts);
  Chain chain(far, {retry(options)});
  const Outcome outcome = unary(chain, "", kIdempotent);
  EXPECT_EQ(outcome.text, "whole");
  EXPECT_EQ(outcome.response_metadata.get("from"), "second");

  ScriptedService not_idempotent(scripts);
  Chain other(not_idempotent, {retry(options)});
  EXPECT_EQ(unary(other, "").status, unavailable("broke off"));
  EXPECT_EQ(not_idempotent.calls(), 1U);
}

TEST_F(Retry, RefusesAHeldResponseWithTooManyMessages) {
  RetryOptions options = steady();
  options.after_response_began = true;
  ScriptedService far({{.responses = std::vector<std::string>(100, wire("again"))}});
  Chain chain(far, {retry(options)});
  EXPECT_EQ(unary(chain, "", kIdempotent).status.code(), StatusCode::Unimplemented);
}

TEST_F(Retry, MetadataAndSettingsAreThoseOfTheCall) {
  ScriptedService far({kFails, {.responses = {wire("x")}}});
  Chain chain(far, {retry(steady())});
  const Metadata sent = metadata("who", "me");
  const Text request = text("");
  CallOptions call_options;
  call_options.metadata = &sent;
  EXPECT_TRUE(
      testing::run(loop_, rpc::call_unary<Text>(chain, kUnary, request, call_options)).ok());
  EXPECT_EQ(far.seen()[1].metadata.get("who"), "me");
}

// Cancellation, and coroutines that are destroyed.

TEST_F(Retry, TheCallersCancellationEndsAnAttemptAndIsNotRepeated) {
  ScriptedService far({{.takes = 10s}});
  RetryOptions options = steady();
  options.codes.add(StatusCode::Cancelled);
  Chain chain(far, {retry(options)});
  Context context;
  loop_.enter([&] { loop_.post([&] { context.cancel(cancelled("enough")); }); });
  const Text request = text("");
  const Result<Text> reply = testing::run(
      loop_, rpc::call_unary<Text>(chain, kUnary, request, CallOptions()), 1h, &context);
  EXPECT_EQ(reply.status(), cancelled("enough"));
  EXPECT_EQ(far.calls(), 1U);
  EXPECT_EQ(far.running(), 0U);
}

Task<Status> cancel_after(Context& context, Duration pause) {
  Status slept = co_await net::sleep(pause);
  context.cancel(cancelled("enough"));
  co_return slept;
}

TEST_F(Retry, CancellationEndsAPauseWithTheLastFailure) {
  ScriptedService far({kFails});
  Chain chain(far, {retry(steady())});
  Context context;
  Task<Status> canceller = cancel_after(context, 40ms);
  loop_.enter([&] { canceller.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  const TimePoint begun = now();
  const Text request = text("");
  const Result<Text> reply = testing::run(
      loop_, rpc::call_unary<Text>(chain, kUnary, request, CallOptions()), 1h, &context);
  EXPECT_EQ(reply.status().code(), StatusCode::Cancelled);
  EXPECT_THAT(std::string(reply.status().message()),
              ::testing::AllOf(HasSubstr("enough"), HasSubstr("not now")));
  EXPECT_EQ(now() - begun, 40ms);
}

TEST_F(Retry, MayBeDestroyedInAnAttemptAndInAPause) {
  for (const Duration limit : {50ms, 550ms}) {
    ScriptedService far({{.takes = 500ms, .status = unavailable("not now")}});
    Chain chain(far, {retry(steady())});
    const Text request = text("");
    EXPECT_THROW(static_cast<void>(testing::run(
                     loop_, rpc::call_unary<Text>(chain, kUnary, request, CallOptions()), limit)),
                 testing::DidNotHappen);
    EXPECT_EQ(far.running(), 0U);
    network_.run_for(10s);
    EXPECT_EQ(far.calls(), 1U);
  }
}

// Streams.

Task<Result<Text>> collect(Service& service, std::vector<std::string> parts, Duration pause = 0s) {
  auto stream = co_await rpc::OpenStream<ClientWriter<Text, Text>>(service, kCollect, nullptr, {});
  for (const std::string& part : parts) {
    const Text message = text(part);
    if (!co_await stream.write(message)) break;
    static_cast<void>(co_await net::sleep(pause));
  }
  co_return co_await stream.finish();
}

TEST_F(Retry, AllMessagesOfAClientStreamAreSentAgain) {
  ScriptedService far({kFails, kFails, {.responses = {wire("sum")}}});
  Chain chain(far, {retry(steady())});
  const Result<Text> reply = testing::run(loop_, collect(chain, {"a", "b", "c"}));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "sum");
  for (const ScriptedService::Seen& seen : far.seen()) {
    EXPECT_THAT(seen.requests, ElementsAre(wire("a"), wire("b"), wire("c")));
  }
}

TEST_F(Retry, ReplaysAStreamThatFailsHalfWay) {
  ScriptedService far({{.reads_requests = false, .takes = 25ms, .status = unavailable("early")},
                       {.responses = {wire("sum")}}});
  Chain chain(far, {retry(steady())});
  const Result<Text> reply =
      testing::run(loop_, collect(chain, {"a", "b", "c", "d", "e", "f"}, 50ms));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_THAT(far.seen()[1].requests,
              ElementsAre(wire("a"), wire("b"), wire("c"), wire("d"), wire("e"), wire("f")));
}

TEST_F(Retry, CancelsAnAttemptThatWaitsForRequests) {
  ScriptedService far({Script(), {.reads_requests = false, .responses = {wire("sum")}}});
  RetryOptions options = steady();
  options.per_try_timeout = 50ms;
  Chain chain(far, {retry(options)});
  const Result<Text> reply = testing::run(loop_, collect(chain, {"a", "b"}, 500ms));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(far.seen()[0].ended_at - far.seen()[0].begun, 50ms);
}

TEST_F(Retry, AStreamLargerThanTheBufferCommitsToItsAttempt) {
  ScriptedService far({{.status = unavailable("not now")}});
  RetryOptions options = steady();
  options.buffer_limit = 250;
  Events events;
  options.observer = &events;
  Chain chain(far, {retry(options)});
  const std::string part(98, 'x');  // 100 bytes encoded
  const Result<Text> small = testing::run(loop_, collect(chain, {part, part}));
  EXPECT_EQ(far.calls(), 3U);
  events.lines.clear();
  const Result<Text> reply = testing::run(loop_, collect(chain, {part, part, part, part, part}));
  EXPECT_EQ(reply.status(), unavailable("not now"));
  EXPECT_EQ(far.calls(), 4U);
  EXPECT_EQ(far.seen()[3].requests.size(), 5U);
  EXPECT_THAT(events.lines, ElementsAre("buffer_full=300"));
}

TEST_F(Retry, AUnaryRequestMayExceedTheBuffer) {
  ScriptedService far({kFails, {.responses = {wire("x")}}});
  RetryOptions options = steady();
  options.buffer_limit = 10;
  Chain chain(far, {retry(options)});
  EXPECT_TRUE(unary(chain, std::string(1000, 'x')).status.ok());
  EXPECT_EQ(far.calls(), 2U);
}

Task<std::vector<std::string>> expand(Service& service, const MethodDescriptor& method,
                                      Status& status, Duration pause = 0s) {
  const Text request = text("request");
  auto stream = co_await rpc::OpenStream<ClientReader<Text>>(service, method, &request, {});
  std::vector<std::string> all;
  while (const std::optional<Text> part = co_await stream.read()) {
    all.push_back(part->value());
    static_cast<void>(co_await net::sleep(pause));
  }
  status = co_await stream.finish();
  co_return all;
}

TEST_F(Retry, ReadsAServerStreamFromOneAttempt) {
  ScriptedService far({kFails, {.responses = {wire("a"), wire("b"), wire("c")}}});
  Chain chain(far, {retry(steady())});
  Status status;
  EXPECT_THAT(testing::run(loop_, expand(chain, kExpand, status, 10ms)),
              ElementsAre("a", "b", "c"));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(far.seen()[1].requests, ElementsAre(wire("request")));
}

TEST_F(Retry, AServerStreamThatBreaksOffIsNotRepeated) {
  ScriptedService far({{.responses = {wire("a"), wire("b")}, .status = unavailable("broke off")}});
  RetryOptions options = steady();
  options.after_response_began = true;
  Chain chain(far, {retry(options)});
  Status status;
  EXPECT_THAT(testing::run(loop_, expand(chain, kIdempotentExpand, status)), ElementsAre("a", "b"));
  EXPECT_EQ(status, unavailable("broke off"));
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Retry, AnIdempotentStreamMayFailBeforeItsFirstMessage) {
  ScriptedService far(
      {{.announces = true, .status = unavailable("broke off")}, {.responses = {wire("a")}}});
  RetryOptions options = steady();
  options.after_response_began = true;
  Chain chain(far, {retry(options)});
  Status status;
  EXPECT_THAT(testing::run(loop_, expand(chain, kIdempotentExpand, status)), ElementsAre("a"));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

Task<Status> abandon(Service& service, Duration pause) {
  auto stream =
      co_await rpc::OpenStream<ClientReaderWriter<Text, Text>>(service, kChat, nullptr, {});
  const Text message = text("one");
  static_cast<void>(co_await stream.write(message));
  co_return co_await net::sleep(pause);
}

TEST_F(Retry, AnAbandonedStreamEndsWhereverItIs) {
  for (const Duration when : {0ms, 50ms, 150ms}) {
    // Waits for requests in the first, pauses in the second, answers in the third.
    ScriptedService far({{.reads_requests = when < 50ms, .status = unavailable("not now")},
                         {.announces = true, .then_takes = 10s}});
    Chain chain(far, {retry(steady())});
    EXPECT_TRUE(testing::run(loop_, abandon(chain, when)).ok());
    network_.run_for(10s);
    EXPECT_EQ(far.running(), 0U) << to_string(when);
    EXPECT_LE(far.calls(), 2U);
  }
}

TEST_F(Retry, ASlowReadersAttemptIsCancelledWithoutIt) {
  ScriptedService far({{.responses = std::vector<std::string>(10, wire("x"))}});
  Chain chain(far, {timeout(10s), retry(steady())});
  Status status;
  const TimePoint begun = now();
  const auto parts = testing::run(loop_, expand(chain, kExpand, status, 3s));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
  EXPECT_LT(parts.size(), 10U);
  EXPECT_LE(now() - begun, 15s);
  EXPECT_EQ(far.running(), 0U);
}

// Where and what.

TEST_F(Retry, LeavesCallsOfAServerAlone) {
  ScriptedService far({{.reads_requests = false, .status = unavailable("not now")}});
  Chain chain(far, {retry(steady())});
  Call call(Call::Side::Server, loop_, "/pkg.Service/Method", nullptr, nullptr);
  EXPECT_EQ(testing::run(loop_, chain.serve(call).in(call.context())), unavailable("not now"));
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(Retry, PoliciesAreLookedUpForEachCall) {
  auto options = std::make_shared<RetryOptions>(steady(2));
  std::shared_ptr<const RetryOptions> current;
  ScriptedService far({kFails});
  Chain chain(far, {retry(RetryPolicies([&](const Call& call) {
                EXPECT_EQ(call.path(), kUnary.path);
                return current;
              }))});
  EXPECT_FALSE(unary(chain, "").status.ok());
  EXPECT_EQ(far.calls(), 1U);
  current = options;
  EXPECT_FALSE(unary(chain, "").status.ok());
  EXPECT_EQ(far.calls(), 3U);
}

TEST_F(Retry, OptionsThatCannotBeAreNamedByEveryCall) {
  struct Case {
    void (*change)(RetryOptions&);
    std::string_view says;
  };
  const std::vector<Case> cases{
      {[](RetryOptions& o) { o.max_attempts = 0; }, "RetryOptions::max_attempts: 0"},
      {[](RetryOptions& o) { o.initial_backoff = -1ms; }, "RetryOptions::initial_backoff: -1ms"},
      {[](RetryOptions& o) { o.max_backoff = 1ms; }, "RetryOptions::max_backoff: 1ms"},
      {[](RetryOptions& o) { o.multiplier = 0.5; }, "RetryOptions::multiplier: 0.5"},
      {[](RetryOptions& o) { o.jitter = 1.5; }, "RetryOptions::jitter: 1.5"},
      {[](RetryOptions& o) { o.per_try_timeout = 0s; }, "RetryOptions::per_try_timeout: 0s"},
      {[](RetryOptions& o) { o.codes.add(StatusCode::Ok); }, "RetryOptions::codes: OK"}};
  for (const Case& c : cases) {
    RetryOptions options = steady();
    c.change(options);
    ScriptedService far({Script()});
    Chain chain(far, {retry(options)});
    const Outcome outcome = unary(chain, "");
    EXPECT_EQ(outcome.status.code(), StatusCode::FailedPrecondition);
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr(std::string(c.says)));
    EXPECT_EQ(far.calls(), 0U);
  }
}

TEST_F(Retry, TheBudgetBoundsTheLoadOfAFailingServer) {
  RetryOptions options = steady(4);
  options.initial_backoff = options.max_backoff = 1ms;
  options.budget = ratio_budget({.ratio = 0.2, .min_per_second = 1});
  ScriptedService far({kFails});
  Chain chain(far, {retry(options)});
  constexpr std::size_t kCalls = 1000;
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_FALSE(unary(chain, "").status.ok());
  EXPECT_LE(far.calls(), kCalls + kCalls / 5 + 10);
  EXPECT_GE(far.calls(), kCalls + kCalls / 5);
}

TEST_F(Retry, GrpcsThrottlingStopsRetriesAtHalfOfTheTokens) {
  RetryOptions options = steady(2);
  options.budget = token_budget({.max_tokens = 10, .token_ratio = 0.5});
  ScriptedService far({kFails});
  Chain chain(far, {retry(options)});
  for (int i = 0; i < 10; ++i) static_cast<void>(unary(chain, ""));
  // Two failures a call: 8, 6, then the first failure of the third leaves 5.
  EXPECT_EQ(far.calls(), 2U + 2U + 8U);
}

}  // namespace
}  // namespace weft::middleware::test
