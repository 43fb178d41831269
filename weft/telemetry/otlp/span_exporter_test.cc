#include "weft/telemetry/otlp/span_exporter.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/otlp/internal/test_exporter.h"
#include "weft/telemetry/trace/internal/span_ring.h"
#include "weft/telemetry/trace/span.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using test::By;
using test::ExporterTest;
using test::FakeCollector;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Export : public ExporterTest<SpanExporter, Tracer> {
 protected:
  Export() : ExporterTest(OtlpSignal::Traces, "/v1/traces") {
    EXPECT_EQ(tracer.set_sampling({.max_per_second = 0}), ok_status());
  }
  void add_span(std::string_view name) {
    Context context_of_span;
    const Span span(context_of_span, world.client_host(), name, tracer);
  }
  void add_spans(int count) {
    for (int i = 0; i < count; ++i) add_span("work");
  }
  static FakeCollector::Answer busy(int http, Status grpc) {
    return {.http = http, .grpc = std::move(grpc)};
  }

  Tracer& tracer = source;
};

TEST_P(Export, SendsWhatHasEnded) {
  start();
  add_span("first");
  add_span("second");
  world.run_for(6s);
  EXPECT_THAT(collector->span_names(), ElementsAre("first", "second"));
  EXPECT_THAT(collector->requests(), SizeIs(1));
  EXPECT_EQ(exporter->stats().exported, 2U);
  const auto& resource = collector->requests()[0].resource_spans(0).resource();
  EXPECT_EQ(resource.attributes(0).key(), "service.name");
  EXPECT_EQ(resource.attributes(0).value().string_value(), "shop");
}

TEST_P(Export, SendsNothingWhereNothingHasEnded) {
  start();
  world.run_for(60s);
  EXPECT_THAT(collector->requests(), IsEmpty());
}

TEST_P(Export, DoesNotWaitWhereTheQueueIsHalfFull) {
  start();
  world.run_for(1s);
  add_span("urgent");
  world.client_host().enter([&] { exporter->wake(); });
  world.run_for(1s);
  EXPECT_THAT(collector->span_names(), ElementsAre("urgent"));
}

TEST_P(Export, SplitsByNumber) {
  options.batch_items = 10;
  start();
  add_spans(25);
  world.run_for(6s);
  EXPECT_THAT(collector->requests(), SizeIs(3));
  EXPECT_THAT(collector->span_names(), SizeIs(25));
}

TEST_P(Export, SplitsByBytes) {
  options.batch_bytes = 10'000;
  start();
  for (int i = 0; i < 10; ++i) {
    Context of_span;
    Span span(of_span, world.client_host(), "large", tracer);
    span.set("text", std::string(4000, 'x'));
  }
  world.run_for(6s);
  EXPECT_THAT(collector->requests(), SizeIs(5));
  for (const auto& request : collector->requests()) EXPECT_LT(request.ByteSizeLong(), 10'000U);
}

TEST_P(Export, RepeatsARequestWhileTheCollectorIsBusy) {
  for (int i = 0; i < 3; ++i) collector->answer(busy(503, unavailable("busy")));
  start();
  add_span("patient");
  world.run_for(60s);
  EXPECT_THAT(collector->span_names(), ElementsAre("patient", "patient", "patient", "patient"));
  EXPECT_EQ(exporter->stats().exported, 1U);
  EXPECT_EQ(exporter->stats().requests, 4U);
}

TEST_P(Export, GivesUpAfterSomeAttempts) {
  for (int i = 0; i < 5; ++i) collector->answer(busy(503, unavailable("busy")));
  start();
  add_span("unlucky");
  world.run_for(120s);
  EXPECT_EQ(exporter->stats().given_up, 1U);
  EXPECT_EQ(exporter->stats().requests, 5U);
  add_span("next");
  world.run_for(6s);
  EXPECT_EQ(exporter->stats().exported, 1U);
}

TEST_P(Export, WaitsAsLongAsItIsAskedTo) {
  FakeCollector::Answer throttled =
      busy(429, with_retry_delay(resource_exhausted("slow down"), 40s));
  throttled.retry_after = "40";
  collector->answer(throttled);
  start();
  add_span("work");
  world.run_for(44s);
  EXPECT_THAT(collector->requests(), SizeIs(1));
  world.run_for(3s);
  EXPECT_THAT(collector->requests(), SizeIs(2));
  EXPECT_EQ(exporter->stats().exported, 1U);
}

TEST_P(Export, DoesNotRepeatWhatIsRefused) {
  collector->answer(busy(400, invalid_argument("nonsense")));
  start();
  add_span("work");
  world.run_for(60s);
  EXPECT_THAT(collector->requests(), SizeIs(1));
  EXPECT_EQ(exporter->stats().refused, 1U);
}

TEST_P(Export, DoesNotRepeatWhereTheAnswerCannotBeRead) {
  collector->answer({.body = FakeCollector::partial(0, std::string(5'000'000, 'x'))});
  start();
  add_span("work");
  world.run_for(60s);
  EXPECT_THAT(collector->requests(), SizeIs(1));
  EXPECT_EQ(exporter->stats().refused, 1U);
}

TEST_P(Export, DoesNotRepeatWhatWasTakenInPart) {
  collector->answer({.body = FakeCollector::partial(2, "too old")});
  start();
  add_spans(5);
  world.run_for(60s);
  EXPECT_THAT(collector->requests(), SizeIs(1));
  EXPECT_EQ(exporter->stats().rejected, 2U);
  EXPECT_EQ(exporter->stats().exported, 3U);
}

TEST_P(Export, GivesUpOnAHangingCollectorAfterTheTimeout) {
  options.timeout = 2s;
  options.max_attempts = 1;
  collector->answer({.hangs = true});
  start();
  add_span("work");
  world.run_for(8s);
  EXPECT_EQ(exporter->stats().given_up, 1U);
}

TEST_P(Export, WaitsForASlowCollectorAsLongAsTheTimeoutSays) {
  options.timeout = 60s;
  options.max_attempts = 1;
  collector->answer({.hangs = true});
  start();
  add_span("work");
  world.run_for(60s);
  EXPECT_EQ(exporter->stats().given_up, 0U);
  world.run_for(10s);
  EXPECT_EQ(exporter->stats().given_up, 1U);
}

TEST_P(Export, SendsTheRestWhenItStops) {
  start();
  world.run_for(1s);
  add_spans(3);
  stop();
  world.run_for(100ms);
  EXPECT_TRUE(ended);
  EXPECT_THAT(collector->span_names(), SizeIs(3));
}

TEST_P(Export, DoesNotWaitForABusyCollectorWhenItStops) {
  for (int i = 0; i < 5; ++i) collector->answer(busy(503, unavailable("busy")));
  start();
  add_span("work");
  world.run_for(5500ms);
  stop();
  world.run_for(500ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(exporter->stats().given_up, 1U);
}

TEST_P(Export, SendsWhatEndedDuringARetryWhenItStops) {
  for (int i = 0; i < 2; ++i) collector->answer(busy(503, unavailable("busy")));
  start();
  add_span("first");
  world.run_for(5500ms);
  add_span("second");
  stop();
  world.run_for(500ms);
  EXPECT_TRUE(ended);
  EXPECT_THAT(collector->span_names(), ElementsAre("first", "first", "second"));
  EXPECT_EQ(exporter->stats().exported, 1U);
}

TEST_P(Export, EndsAtOnceWhenItIsCancelled) {
  collector->answer({.hangs = true});
  start();
  add_spans(3);
  world.run_for(6s);
  add_spans(4);
  world.client_host().enter([&] { context.cancel(cancelled("the program ends")); });
  world.run_for(10ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(exporter->stats().given_up, 7U);
}

TEST_P(Export, SendsHeadersAndCompresses) {
  options.headers = {{"Authorization", "Bearer secret"}};
  options.compression = Compression::Gzip;
  start();
  add_spans(5);
  world.run_for(6s);
  EXPECT_EQ(collector->last_authorization(), "Bearer secret");
  EXPECT_THAT(collector->span_names(), SizeIs(5));
}

TEST_P(Export, WhatTheQueueCannotHoldIsCounted) {
  Tracer small({.queued_spans = 10});
  EXPECT_EQ(small.set_sampling({}), ok_status());
  for (int i = 0; i < 15; ++i) {
    Context of_span;
    const Span span(of_span, world.client_host(), "work", small);
  }
  const SpanExporter unused(small, world.client_host(), options, {},
                            internal::http_sender(options, OtlpSignal::Traces));
  EXPECT_EQ(unused.stats().dropped, 5U);
}

INSTANTIATE_TEST_SUITE_P(Otlp, Export, ::testing::Values(By::Http, By::Grpc), &test::name_of);

}  // namespace
}  // namespace weft::telemetry
