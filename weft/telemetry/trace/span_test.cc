#include "weft/telemetry/trace/span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/trace/internal/traced_world.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Does work of its own and calls its own server.
class Worker : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return test::kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_unary<&Worker::Unary>(call, *this);
  }
  Task<Result<test::Text>> Unary(ServerContext& context, const test::Text& request) {
    const std::string asked = request.value();
    if (asked.starts_with("crossed")) co_return crossed(context, asked);
    call_span(context).set("shop.order", asked);
    auto outer = span(context, "outer");
    {
      auto inner = co_await span("inner");
      inner.set("shop.items", 3).set("shop.paid", true).set("shop.price", 2.5);
      const Status slept = co_await net::sleep(5ms);
      inner.event("packed", {attribute("shop.box", "small")});
      if (asked == "fail") inner.failed(not_found("no such book"));
    }
    outer.end();
    auto last = co_await span("last");
    if (asked == "busy") co_return unavailable("try again");
    co_return test::message("done");
  }

 private:
  /// Its spans end in the order they began in.
  static Result<test::Text> crossed(ServerContext& context, const std::string& asked) {
    auto a = span(context, "a");
    auto b = span(context, "b");
    a.end();
    b.end();
    if (asked == "crossed, busy") return unavailable("try again");
    return test::message("done");
  }
};

class SpanTest : public test::TracedWorld {
 public:
  SpanTest() {
    worker.in_process.add<Worker>();
    worker.in_process.server().add(server_traces());
  }
  std::vector<SpanRecord> spans_of(const Status& status) {
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::Unavailable) << status;
    worker.settle();
    std::vector<SpanRecord> all;
    tracer().drain(all);
    return all;
  }
  test::World worker{test::World::Options{}};
};

TEST_F(SpanTest, AHandlersSpansHangBelowItsCall) {
  sample({});
  const auto all = spans_of(worker.call("ask"));
  ASSERT_EQ(all.size(), 4U);
  const SpanRecord &inner = all[0], &outer = all[1], &last = all[2], &server = all[3];
  EXPECT_EQ(inner.name(), "inner");
  EXPECT_EQ(inner.parent_id, outer.span_id);
  EXPECT_EQ(outer.parent_id, server.span_id);
  EXPECT_EQ(last.parent_id, server.span_id);
  EXPECT_EQ(inner.kind, SpanKind::Internal);
  EXPECT_EQ(inner.ended - inner.begun, 5ms);
}

TEST_F(SpanTest, TheCallKeepsItsIdsWhenSpansCross) {
  sample({});
  const auto all = spans_of(worker.call("crossed"));
  ASSERT_EQ(all.size(), 3U);
  const SpanRecord &a = all[0], &b = all[1], &server = all[2];
  EXPECT_EQ(server.kind, SpanKind::Server);
  EXPECT_NE(server.span_id, a.span_id);
  EXPECT_NE(server.span_id, b.span_id);
  EXPECT_NE(a.span_id, b.span_id);
  EXPECT_EQ(a.parent_id, server.span_id);
}

TEST_F(SpanTest, AFailingCallIsKeptWhenSpansCross) {
  sample({.ratio = 0, .keep_errors = true});
  EXPECT_EQ(spans_of(worker.call("crossed, busy")).size(), 3U);
}

TEST_F(SpanTest, HasAttributesAndEvents) {
  sample({});
  const auto all = spans_of(worker.call("ask"));
  ASSERT_EQ(all.size(), 4U);
  const SpanDetails& inner = *all[0].details;
  ASSERT_EQ(inner.attributes.size(), 3U);
  EXPECT_EQ(std::get<std::int64_t>(inner.attributes[0].value), 3);
  EXPECT_EQ(std::get<bool>(inner.attributes[1].value), true);
  EXPECT_EQ(std::get<double>(inner.attributes[2].value), 2.5);
  ASSERT_EQ(inner.events.size(), 1U);
  EXPECT_EQ(inner.events[0].at, all[0].ended);
  EXPECT_EQ(std::get<std::string>(inner.events[0].attributes[0].value), "small");
  EXPECT_EQ(std::get<std::string>(all[3].details->attributes[0].value), "ask");
}

TEST_F(SpanTest, AFailureHasItsReason) {
  sample({});
  const auto all = spans_of(worker.call("fail"));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].status, SpanStatus::Error);
  EXPECT_EQ(all[0].details->message, "no such book");
}

TEST_F(SpanTest, TheBytesOfItsReasonCount) {
  sample({});
  Context context;
  Span one(context, worker.in_process.client_host(), "one", tracer());
  one.failed(not_found("short")).failed(not_found(std::string(1000, 'x')));
  one.end();
  const auto all = spans();
  ASSERT_EQ(all.size(), 1U);
  const SpanDetails& details = *all[0].details;
  const std::size_t attribute = sizeof(Attribute) + std::string_view("error.type").size() +
                                std::string_view("NOT_FOUND").size();
  EXPECT_EQ(details.bytes, 3 + 1000 + attribute);
}

TEST_F(SpanTest, IsKeptWithItsFailingCall) {
  sample({.ratio = 0, .keep_errors = true});
  EXPECT_THAT(spans_of(worker.call("ask")), IsEmpty());
  EXPECT_EQ(spans_of(worker.call("busy")).size(), 4U);
}

TEST_F(SpanTest, RecordsNothingInAnUnsampledCall) {
  sample({.ratio = 0});
  EXPECT_THAT(spans_of(worker.call("ask")), IsEmpty());
}

TEST_F(SpanTest, BeginsATraceWhereThereIsNone) {
  sample({});
  Context context;
  net::Loop& loop = worker.in_process.client_host();
  {
    Span first(context, loop, "first", tracer());
    EXPECT_TRUE(first.is_recording());
    EXPECT_TRUE(std::as_const(context).trace().sampled());
  }
  EXPECT_FALSE(std::as_const(context).trace().valid());
  Span second(context, loop, "second", tracer());
  second.end();
  const auto all = spans();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[0].trace_id, all[1].trace_id);
}

TEST_F(SpanTest, AnUnsampledTraceEndsWithItsSpan) {
  Context context;
  net::Loop& loop = worker.in_process.client_host();
  sample({.ratio = 0});
  {
    const Span first(context, loop, "first", tracer());
    EXPECT_FALSE(first.is_recording());
    EXPECT_TRUE(std::as_const(context).trace().valid());
    { const Span inner(context, loop, "inner", tracer()); }
    EXPECT_TRUE(std::as_const(context).trace().valid());
  }
  EXPECT_FALSE(std::as_const(context).trace().valid());
  sample({});
  const Span second(context, loop, "second", tracer());
  EXPECT_TRUE(second.is_recording());
}

TEST_F(SpanTest, AContextRecordsAgainAfterASpanBeyondTheRate) {
  Context context;
  net::SimLoop& loop = worker.in_process.client_host();
  sample({.max_per_second = 1});
  const auto is_recorded = [&] { return Span(context, loop, "job", tracer()).is_recording(); };
  EXPECT_TRUE(is_recorded());
  EXPECT_FALSE(is_recorded());
  worker.in_process.run_for(2s);
  EXPECT_TRUE(is_recorded());
}

TEST_F(SpanTest, WhatIsTooMuchIsCounted) {
  sample({});
  Context context;
  Span large(context, worker.in_process.client_host(), "large", tracer());
  for (std::size_t i = 0; i < kMaxAttributes + 2; ++i) large.set(std::to_string(i), i);
  for (std::size_t i = 0; i < kMaxEvents + 3; ++i) large.event("again");
  large.set("7", std::string(100'000, 'x'));
  large.link({});
  large.end();
  const auto all = spans();
  ASSERT_EQ(all.size(), 1U);
  const SpanDetails& details = *all[0].details;
  EXPECT_EQ(details.attributes.size(), kMaxAttributes);
  EXPECT_EQ(details.dropped_attributes, 2U);
  EXPECT_EQ(details.events.size(), kMaxEvents);
  EXPECT_EQ(details.dropped_events, 3U);
  EXPECT_EQ(details.dropped_links, 1U);
  EXPECT_EQ(std::get<std::string>(details.attributes[7].value).size(), kMaxText);
}

TEST_F(SpanTest, ANewValueTakesThePlaceOfTheFirst) {
  sample({});
  Context context;
  Span one(context, worker.in_process.client_host(), "one", tracer());
  one.set("key", 1).set("key", "two");
  one.end();
  const auto all = spans();
  ASSERT_EQ(all[0].details->attributes.size(), 1U);
  EXPECT_EQ(std::get<std::string>(all[0].details->attributes[0].value), "two");
}

TEST_F(SpanTest, DoesNothingAfterItsEnd) {
  sample({});
  Context context;
  Span one(context, worker.in_process.client_host(), "one", tracer());
  one.end();
  one.set("late", 1).event("late").link({});
  one.end();
  EXPECT_FALSE(one.is_recording());
  EXPECT_EQ(spans().size(), 1U);
}

}  // namespace
}  // namespace weft::telemetry
