#include "weft/telemetry/otlp/internal/metrics_request.h"

#include <array>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/trace_context.h"
#include "weft/telemetry/metrics/registry.h"
#include "weft/telemetry/otlp/internal/otlp_values.h"

#include "otlp_read.pb.h"

namespace weft::telemetry::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::array kBounds{1.0, 5.0};

/// All metrics of a registry in one request, in the order of their names.
std::vector<otlp_read::Metric> encoded(Registry& registry) {
  const std::string resource = encode_resource({});
  MetricsRequest request(resource, std::chrono::system_clock::time_point(5000s));
  for (Metric* const metric : registry.metrics()) {
    request.begin(*metric);
    Collection collection(*metric);
    for (Point point; collection.next(point);) request.add(point);
  }
  otlp_read::MetricsRequest read;
  EXPECT_TRUE(read.ParseFromString(request.finish().to_string()));
  if (read.resource_metrics(0).scope_metrics_size() == 0) return {};
  const auto& metrics = read.resource_metrics(0).scope_metrics(0).metrics();
  return {metrics.begin(), metrics.end()};
}

std::uint64_t seconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).count());
}

TEST(MetricsRequestTest, ACounterIsACumulativeSum) {
  Registry registry;
  const std::uint64_t before = seconds_now();
  auto family = registry
                    .counter({.name = "shop.orders", .unit = "{order}", .description = "Orders."},
                             Label<std::string_view>{"shop.kind"})
                    .value();
  family.with("book").add(3);
  family.with("").add(4);
  const auto metrics = encoded(registry);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].name(), "shop.orders");
  EXPECT_EQ(metrics[0].unit(), "{order}");
  EXPECT_EQ(metrics[0].description(), "Orders.");
  EXPECT_EQ(metrics[0].sum().aggregation_temporality(), 2);
  EXPECT_TRUE(metrics[0].sum().is_monotonic());
  const auto& book = metrics[0].sum().data_points(0);
  EXPECT_EQ(book.as_double(), 3);
  EXPECT_EQ(book.attributes(0).key(), "shop.kind");
  EXPECT_EQ(book.attributes(0).value().string_value(), "book");
  EXPECT_EQ(book.time_unix_nano(), 5000'000'000'000U);
  EXPECT_GE(book.start_time_unix_nano(), before * 1'000'000'000);
  EXPECT_EQ(metrics[0].sum().data_points(1).attributes_size(), 0);
}

TEST(MetricsRequestTest, AHistogramHasItsBucketsAndBounds) {
  Registry registry;
  auto family = registry.histogram({.name = "shop.wait", .unit = "s", .bounds = kBounds}).value();
  for (const double value : {0.5, 2.0, 3.0, 9.0}) family.with().record(value);
  const auto metrics = encoded(registry);
  EXPECT_EQ(metrics.at(0).histogram().aggregation_temporality(), 2);
  const auto& point = metrics[0].histogram().data_points(0);
  EXPECT_EQ(point.count(), 4U);
  EXPECT_EQ(point.sum(), 14.5);
  EXPECT_THAT(point.bucket_counts(), ElementsAre(1U, 2U, 1U));
  EXPECT_THAT(point.explicit_bounds(), ElementsAre(1.0, 5.0));
}

TEST(MetricsRequestTest, ExemplarsLeadToTheirTrace) {
  Registry registry;
  TraceContext trace;
  trace.trace_id.fill(7);
  trace.span_id.fill(8);
  trace.flags = TraceContext::kSampled;
  const std::uint64_t before = seconds_now();
  registry.histogram({.name = "shop.wait", .bounds = kBounds}).value().with().record(2, trace);
  const auto metrics = encoded(registry);
  const auto& exemplar = metrics.at(0).histogram().data_points(0).exemplars(0);
  EXPECT_EQ(exemplar.as_double(), 2);
  EXPECT_EQ(exemplar.trace_id(), std::string(16, '\7'));
  EXPECT_EQ(exemplar.span_id(), std::string(8, '\10'));
  // time() may be a tick behind.
  EXPECT_GE(exemplar.time_unix_nano(), (before - 1) * 1'000'000'000);
  EXPECT_LE(exemplar.time_unix_nano(), (seconds_now() + 1) * 1'000'000'000);
}

TEST(MetricsRequestTest, GaugesHaveNoBeginning) {
  Registry registry;
  registry.gauge({.name = "a.level"}).value().with().set(-2.5);
  registry.up_down_counter({.name = "b.open"}).value().with().add(-1);
  const auto metrics = encoded(registry);
  EXPECT_EQ(metrics.at(0).gauge().data_points(0).as_double(), -2.5);
  EXPECT_EQ(metrics[0].gauge().data_points(0).start_time_unix_nano(), 0U);
  EXPECT_EQ(metrics.at(1).sum().data_points(0).as_double(), -1);
  EXPECT_FALSE(metrics[1].sum().is_monotonic());
}

TEST(MetricsRequestTest, OverflowHasItsAttribute) {
  Registry registry;
  auto family =
      registry.counter({.name = "shop.orders", .max_series = 1}, Label<int>{"shop.n"}).value();
  family.with(1).add(1);
  family.with(2).add(5);
  const auto metrics = encoded(registry);
  const auto& point = metrics.at(0).sum().data_points(1);
  EXPECT_EQ(point.as_double(), 5);
  EXPECT_EQ(point.attributes(0).key(), "otel.metric.overflow");
  EXPECT_TRUE(point.attributes(0).value().bool_value());
}

TEST(MetricsRequestTest, MetricsWithoutPointsAreLeftOut) {
  Registry registry;
  EXPECT_TRUE(registry.counter({.name = "shop.none"}, Label<int>{"shop.n"}).ok());
  registry.counter({.name = "shop.some"}).value().with().add(1);
  const auto metrics = encoded(registry);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].name(), "shop.some");
}

}  // namespace
}  // namespace weft::telemetry::internal
