#include "weft/telemetry/prometheus/text_writer.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Text = std::string_view;

std::string written(Registry& registry, TextFormat format, std::size_t piece = 16 * 1024) {
  TextWriter writer(registry, format);
  std::string all;
  while (writer.write(all, piece)) {
  }
  return all;
}

constexpr double kTwo[] = {0.5, 2};

void fill(Registry& registry) {
  registry
      .counter({.name = "shop.orders", .unit = "{order}", .description = "Orders \"taken\"\\\n."},
               Label<Text>{"shop.kind"})
      .value()
      .with("a \"quoted\"\nline\\")
      .add(3);
  const auto wait = registry.histogram(
      {.name = "shop.wait", .unit = "s", .description = "Waits.", .bounds = kTwo});
  const Histogram histogram = wait.value().with();
  histogram.record(0.25);
  histogram.record(1);
  histogram.record(8);
  registry.up_down_counter({.name = "shop.queue", .unit = "By"}).value().with().add(-7);
}

TEST(TextWriter, WritesText004) {
  Registry registry;
  fill(registry);
  EXPECT_EQ(written(registry, TextFormat::Prometheus),
            "# HELP shop_orders_total Orders \"taken\"\\\\\\n.\n"
            "# TYPE shop_orders_total counter\n"
            "shop_orders_total{shop_kind=\"a \\\"quoted\\\"\\nline\\\\\"} 3\n"
            "# TYPE shop_queue_bytes gauge\n"
            "shop_queue_bytes -7\n"
            "# HELP shop_wait_seconds Waits.\n"
            "# TYPE shop_wait_seconds histogram\n"
            "shop_wait_seconds_bucket{le=\"0.5\"} 1\n"
            "shop_wait_seconds_bucket{le=\"2.0\"} 2\n"
            "shop_wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "shop_wait_seconds_sum 9.25\n"
            "shop_wait_seconds_count 3\n");
}

TEST(TextWriter, WritesOpenMetrics) {
  Registry registry;
  fill(registry);
  EXPECT_EQ(written(registry, TextFormat::OpenMetrics),
            "# HELP shop_orders Orders \\\"taken\\\"\\\\\\n.\n"
            "# TYPE shop_orders counter\n"
            "shop_orders_total{shop_kind=\"a \\\"quoted\\\"\\nline\\\\\"} 3\n"
            "# TYPE shop_queue_bytes gauge\n"
            "# UNIT shop_queue_bytes bytes\n"
            "shop_queue_bytes -7\n"
            "# HELP shop_wait_seconds Waits.\n"
            "# TYPE shop_wait_seconds histogram\n"
            "# UNIT shop_wait_seconds seconds\n"
            "shop_wait_seconds_bucket{le=\"0.5\"} 1\n"
            "shop_wait_seconds_bucket{le=\"2.0\"} 2\n"
            "shop_wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "shop_wait_seconds_sum 9.25\n"
            "shop_wait_seconds_count 3\n"
            "# EOF\n");
}

TEST(TextWriter, ExemplarsLeadToTraces) {
  Registry registry;
  const Histogram histogram = registry.histogram({.name = "x", .bounds = kTwo}).value().with();
  TraceContext trace;
  trace.trace_id = {0x0a, 0xf7};
  trace.span_id = {0xb7};
  histogram.record(0.1, trace);  // not sampled
  trace.flags = TraceContext::kSampled;
  histogram.record(1, trace);
  EXPECT_THAT(written(registry, TextFormat::OpenMetrics),
              HasSubstr("x_bucket{le=\"0.5\"} 1\n"
                        "x_bucket{le=\"2.0\"} 2 # {trace_id=\"0af70000000000000000000000000000\","
                        "span_id=\"b700000000000000\"} 1\n"));
  EXPECT_THAT(written(registry, TextFormat::Prometheus), Not(HasSubstr("trace_id")));
}

TEST(TextWriter, EmptyLabelsAreLeftOut) {
  Registry registry;
  const auto family = registry.counter({.name = "x"}, Label<Text>{"a"}, Label<Text>{"b"}).value();
  family.with("", "").add();
  family.with("", "2").add();
  EXPECT_EQ(written(registry, TextFormat::Prometheus),
            "# TYPE x_total counter\nx_total 1\nx_total{b=\"2\"} 1\n");
}

TEST(TextWriter, OverflowHasItsLabel) {
  Registry registry;
  const auto family = registry.counter({.name = "x", .max_series = 1}, Label<int>{"n"}).value();
  for (int n = 0; n < 3; ++n) family.with(n).add();
  EXPECT_THAT(written(registry, TextFormat::Prometheus),
              HasSubstr("x_total{otel_metric_overflow=\"true\"} 2\n"));
}

TEST(TextWriter, MetricsWithoutSeriesAreNotShown) {
  Registry registry;
  ASSERT_TRUE(registry.counter({.name = "x"}).ok());
  EXPECT_EQ(written(registry, TextFormat::Prometheus), "");
  EXPECT_EQ(written(registry, TextFormat::OpenMetrics), "# EOF\n");
}

TEST(TextWriter, PiecesAreBoundedByASeries) {
  Registry registry;
  const auto family = registry.histogram({.name = "x", .unit = "s"}, Label<int>{"n"}).value();
  for (int n = 0; n < 500; ++n) family.with(n).record(n);
  TextWriter writer(registry, TextFormat::OpenMetrics);
  std::string all;
  std::string piece;
  std::size_t longest = 0;
  while (writer.write(piece, 4096)) {
    longest = std::max(longest, piece.size());
    all.append(piece);
    piece.clear();
  }
  EXPECT_LE(longest, 8192U);
  EXPECT_EQ(all, written(registry, TextFormat::OpenMetrics, std::size_t{1} << 30));
}

TEST(TextWriter, WritesNumbersAsTheFormatsDo) {
  Registry registry;
  const Gauge gauge = registry.gauge({.name = "x"}).value().with();
  const auto shown = [&](double value) {
    gauge.set(value);
    const std::string text = written(registry, TextFormat::Prometheus);
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(shown(1e300), "1e+300\n");
  EXPECT_EQ(shown(-0.25), "-0.25\n");
  EXPECT_EQ(shown(1.0 / 0.0), "+Inf\n");
  EXPECT_EQ(shown(-1.0 / 0.0), "-Inf\n");
  EXPECT_EQ(shown(0.0 / 0.0), "NaN\n");
}

}  // namespace
}  // namespace weft::telemetry
