#include "weft/telemetry/trace/call_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/attempts/retry.h"
#include "weft/telemetry/trace/internal/traced_world.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using CallSpans = test::TracedWorld;

SpanId id_of_nines() {
  SpanId id;
  id.fill(9);
  return id;
}

TEST_F(CallSpans, ACallIsAChainFromClientToServer) {
  sample({});
  trace_server();
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  const auto all = spans();
  ASSERT_EQ(all.size(), 3U);
  const SpanRecord &server = all[0], &attempt = all[1], &client = all[2];
  EXPECT_EQ(name_of(server), "server test.Kinds/Unary");
  EXPECT_EQ(name_of(attempt), "attempt test.Kinds/Unary");
  EXPECT_EQ(name_of(client), "client test.Kinds/Unary");
  EXPECT_EQ(client.parent_id, SpanId{});
  EXPECT_EQ(attempt.parent_id, client.span_id);
  EXPECT_EQ(server.parent_id, attempt.span_id);
  EXPECT_TRUE(server.parent_is_remote);
  EXPECT_FALSE(attempt.parent_is_remote);
  for (const SpanRecord& span : all) {
    EXPECT_EQ(span.trace_id, client.trace_id);
    EXPECT_EQ(span.flags, TraceContext::kSampled | TraceContext::kRandomTraceId);
    EXPECT_EQ(span.code, StatusCode::Ok);
    EXPECT_EQ(span.status, SpanStatus::Unset);
  }
  EXPECT_GE(server.ended - server.begun, 20ms);
  EXPECT_GT(attempt.ended - attempt.begun, server.ended - server.begun);
  ASSERT_NE(client.target, nullptr);
}

TEST_F(CallSpans, NothingIsRecordedBeforeThereIsASampling) {
  trace_server();
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CallSpans, ASampledParentIsFollowed) {
  sample({.ratio = 0});
  trace_server();
  EXPECT_EQ(call_under(TraceContext::kSampled), ok_status());
  const auto all = spans();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].parent_id, id_of_nines());
  EXPECT_EQ(all[0].trace_id[3], 7);
}

TEST_F(CallSpans, AnUnsampledParentIsFollowed) {
  sample({.ratio = 1});
  trace_server();
  trace_client();
  EXPECT_EQ(call_under(0), ok_status());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CallSpans, AServerMayDecideByItself) {
  trace_server();
  sample({.ratio = 1, .follow_parent = false});
  EXPECT_EQ(call_under(0), ok_status());
  EXPECT_THAT(names(), ElementsAre("server test.Kinds/Unary"));
  sample({.ratio = 0, .follow_parent = false});
  EXPECT_EQ(call_under(TraceContext::kSampled), ok_status());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CallSpans, SpansKeepTheTracestateOfTheirTrace) {
  sample({});
  trace_server();
  trace_client();
  const TraceState state = TraceState::parse("rojo=00f067aa0ba902b7").value();
  Context context;
  context.trace() = {.trace_id = id_of_sevens(),
                     .span_id = id_of_nines(),
                     .flags = TraceContext::kSampled,
                     .state = state};
  Span own(context, world.in_process.client_host(), "own", tracer());
  EXPECT_EQ(
      world.in_process.run(test::World::unary(world.in_process.channel(), "ask"), 1h, &context),
      ok_status());
  own.end();
  const auto all = spans();
  ASSERT_EQ(all.size(), 4U);
  for (const SpanRecord& span : all) {
    ASSERT_NE(span.details, nullptr) << name_of(span);
    EXPECT_EQ(span.details->state, state) << name_of(span);
    EXPECT_GE(span.details->bytes, state.text().size()) << name_of(span);
  }
}

TEST_F(CallSpans, SpansOfATraceWithoutTracestateNeedNoDetails) {
  sample({});
  trace_server();
  trace_client();
  EXPECT_EQ(call_under(TraceContext::kSampled), ok_status());
  for (const SpanRecord& span : spans()) EXPECT_EQ(span.details, nullptr) << name_of(span);
}

/// Below every share: its random part is zero.
TraceId low_id() {
  TraceId id{};
  id[0] = 1;
  return id;
}

TEST_F(CallSpans, AStrangersIdDoesNotDecide) {
  trace_server();
  sample({.ratio = 0.01, .follow_parent = false});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(call_under(0, "ask", low_id()), ok_status());
  EXPECT_LT(spans().size(), 20U);
}

TEST_F(CallSpans, WhatWasDecidedHoldsBelow) {
  sample({.ratio = 0, .follow_parent = false});
  Context context;
  context.trace().trace_id = low_id();
  context.trace().span_id = id_of_nines();
  net::Loop& loop = world.in_process.client_host();
  const Span first(context, loop, "first", tracer());
  sample({.ratio = 1, .follow_parent = false});
  const Span below(context, loop, "below", tracer());
  EXPECT_FALSE(below.is_recording());
  Context other;
  other.trace().trace_id = low_id();
  other.trace().span_id = id_of_nines();
  const Span recorded(other, loop, "recorded", tracer());
  EXPECT_TRUE(recorded.is_recording());
}

/// Keeps the flags and the parent that a handler's context has.
class SeesTrace final : public Observer {
 public:
  void on_end(Call& call, const Status&, const CallStats&) noexcept override {
    seen = std::as_const(call).context().trace();
  }
  TraceContext seen;
};

TEST_F(CallSpans, AnUnsampledCallHandsOnItsParent) {
  sample({.ratio = 1});
  const auto sees = std::make_shared<SeesTrace>();
  trace_server();
  world.in_process.server().add(sees);
  trace_client();
  EXPECT_EQ(call_under(0), ok_status());
  world.settle();
  EXPECT_EQ(sees->seen.span_id, id_of_nines());
  EXPECT_EQ(sees->seen.flags, 0);
}

TEST_F(CallSpans, ATraceThatBeginsUnsampledIsHandedOnToo) {
  sample({.ratio = 0});
  const auto sees = std::make_shared<SeesTrace>();
  world.in_process.server().add(sees);
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  world.settle();
  EXPECT_TRUE(sees->seen.valid());
  EXPECT_FALSE(sees->seen.sampled());
}

TEST_F(CallSpans, AFailureIsKeptWithWhatBelongsToIt) {
  sample({.ratio = 0, .keep_errors = true});
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(world.call("fail").code(), StatusCode::NotFound);
  const auto all = spans();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(name_of(all[0]), "attempt test.Kinds/Unary");
  EXPECT_EQ(all[0].parent_id, all[1].span_id);
  EXPECT_EQ(all[1].status, SpanStatus::Error);
  EXPECT_EQ(all[1].details->message, "nothing here");
  EXPECT_FALSE(all[1].lost_children);
}

TEST_F(CallSpans, NotFoundIsNoErrorOfAServer) {
  sample({.ratio = 0, .keep_errors = true});
  trace_server();
  EXPECT_EQ(world.call("fail").code(), StatusCode::NotFound);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(world.call("busy").code(), StatusCode::Unavailable);
  EXPECT_THAT(names(), ElementsAre("server test.Kinds/Unary"));
}

TEST_F(CallSpans, ASlowCallIsKept) {
  sample({.ratio = 0, .keep_slower_than = 10ms});
  trace_server();
  EXPECT_EQ(call_under(0), ok_status());  // takes 20 ms
  EXPECT_THAT(names(), ElementsAre("server test.Kinds/Unary"));
  sample({.ratio = 0, .keep_slower_than = 1s});
  EXPECT_EQ(call_under(0), ok_status());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CallSpans, TheWireDoesNotSayThatASpanIsHeld) {
  sample({.ratio = 0, .keep_errors = true});
  const auto sees = std::make_shared<SeesTrace>();
  world.in_process.server().add(sees);
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  world.settle();
  EXPECT_EQ(sees->seen.flags & ~TraceContext::kRandomTraceId, 0);
}

TEST_F(CallSpans, EachAttemptHasASpan) {
  sample({});
  trace_client();
  world.in_process.channel().use(retry({.max_attempts = 3}));
  EXPECT_EQ(world.call("busy").code(), StatusCode::Unavailable);
  const auto all = spans();
  ASSERT_EQ(all.size(), 4U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(all[i].is_attempt);
    EXPECT_EQ(all[i].previous_attempts, i);
    EXPECT_EQ(all[i].parent_id, all[3].span_id);
    EXPECT_EQ(all[i].status, SpanStatus::Error);
  }
}

TEST_F(CallSpans, WithoutAttemptsTheCallIsTheServersParent) {
  sample({});
  trace_server();
  trace_client({.attempts = false});
  EXPECT_EQ(world.call("ask"), ok_status());
  const auto all = spans();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].parent_id, all[1].span_id);
}

TEST_F(CallSpans, CallsAtTheSameTimeKeepTheirOwnIds) {
  sample({});
  trace_server();
  trace_client();
  world.call_twice("ask");
  const auto all = spans();
  ASSERT_EQ(all.size(), 6U);
  std::set<TraceId> traces;
  std::set<SpanId> ids;
  for (const SpanRecord& span : all) {
    traces.insert(span.trace_id);
    ids.insert(span.span_id);
  }
  EXPECT_EQ(traces.size(), 2U);
  EXPECT_EQ(ids.size(), 6U);
}

TEST_F(CallSpans, HealthAndReflectionAreLeftOut) {
  sample({});
  trace_client();
  EXPECT_EQ(world.call_unknown("/grpc.health.v1.Health/Check").code(), StatusCode::NotFound);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(world.call_unknown("/test.Other/Do").code(), StatusCode::Unimplemented);
  EXPECT_THAT(names(), ElementsAre("attempt test.Other/Do", "client test.Other/Do"));
}

TEST_F(CallSpans, ACallThatTheServerRefusesHasASpanOnBothSides) {
  sample({});
  trace_server();
  trace_client();
  const Status refused = world.call_unknown("/test.Kinds/Missing");
  EXPECT_EQ(refused.code(), StatusCode::Unimplemented);
  const auto all = spans();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(name_of(all[0]), "server _OTHER");
  EXPECT_EQ(name_of(all[1]), "attempt test.Kinds/Missing");
  EXPECT_EQ(name_of(all[2]), "client test.Kinds/Missing");
  EXPECT_EQ(all[0].parent_id, all[1].span_id);
  for (const SpanRecord& span : all) {
    EXPECT_EQ(span.trace_id, all[0].trace_id);
    EXPECT_EQ(span.code, StatusCode::Unimplemented);
    EXPECT_EQ(span.status, SpanStatus::Error);
    ASSERT_NE(span.details, nullptr);
    EXPECT_EQ(span.details->message, refused.message());
  }
}

class FullServerSpans : public test::TracedWorld {
 protected:
  FullServerSpans() : test::TracedWorld({.server = {.max_calls = 1}}) {}
};

TEST_F(FullServerSpans, ACallBeyondALimitContinuesItsCallersTrace) {
  sample({});
  trace_server();
  trace_client({.attempts = false});
  world.call_twice("ask");
  const auto all = spans();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(name_of(all[0]), "server test.Kinds/Unary");
  EXPECT_EQ(all[0].code, StatusCode::ResourceExhausted);
  EXPECT_EQ(all[0].begun, all[0].ended);
  EXPECT_EQ(name_of(all[1]), "client test.Kinds/Unary");
  EXPECT_EQ(all[0].parent_id, all[1].span_id);
  EXPECT_EQ(all[0].trace_id, all[1].trace_id);
  EXPECT_NE(all[0].trace_id, all[3].trace_id);
}

TEST_F(FullServerSpans, ARefusalIsLeftOutWhereNothingIsSampled) {
  sample({.ratio = 0});
  trace_server();
  world.call_twice("ask");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CallSpans, ASpanNamesTheInstance) {
  sample({});
  trace_client();
  EXPECT_EQ(world.call("ask"), ok_status());
  const auto all = spans();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].peer_host, "server");
  EXPECT_EQ(all[0].peer_port, testing::InProcess::kPort);
}

}  // namespace
}  // namespace weft::telemetry
