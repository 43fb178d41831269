#include "weft/telemetry/otlp/metric_exporter.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/otlp/internal/test_exporter.h"
#include "weft/telemetry/prometheus/target_info.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using test::By;
using test::ExporterTest;
using test::FakeCollector;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class MetricExport : public ExporterTest<MetricExporter, Registry> {
 protected:
  MetricExport() : ExporterTest(OtlpSignal::Metrics, "/v1/metrics") { options.interval = 60s; }
  CounterFamily<int> orders() {
    return registry.counter({.name = "shop.orders"}, Label<int>{"shop.n"}).value();
  }
  /// Sums by name and first label, of all requests: the last value of each.
  std::map<std::string, double> values() const {
    std::map<std::string, double> all;
    for (const auto& request : collector->metrics()) {
      for (const auto& metric : request.resource_metrics(0).scope_metrics(0).metrics()) {
        for (const auto& point : metric.sum().data_points()) {
          const bool has_label = point.attributes_size() != 0;
          all[metric.name() + (has_label ? point.attributes(0).value().string_value() : "")] =
              point.as_double();
        }
      }
    }
    return all;
  }

  Registry& registry = source;
};

TEST_P(MetricExport, SendsTotalsAtEachInterval) {
  start();
  orders().with(1).add(3);
  world.run_for(61s);
  EXPECT_THAT(values(), ElementsAre(Pair("shop.orders1", 3)));
  orders().with(1).add(4);
  world.run_for(60s);
  EXPECT_THAT(values(), ElementsAre(Pair("shop.orders1", 7)));
  EXPECT_THAT(collector->metrics(), SizeIs(2));
  const auto& resource = collector->metrics()[0].resource_metrics(0).resource();
  EXPECT_EQ(resource.attributes(0).value().string_value(), "shop");
}

TEST_P(MetricExport, SendsNothingWhereNothingIsCounted) {
  start();
  world.run_for(200s);
  EXPECT_THAT(collector->metrics(), IsEmpty());
}

TEST_P(MetricExport, SplitsARequestInsideAMetric) {
  options.batch_items = 10;
  start();
  for (int i = 0; i < 25; ++i) orders().with(i).add(1);
  registry.counter({.name = "shop.visits"}).value().with().add(1);
  world.run_for(61s);
  EXPECT_THAT(collector->metrics(), SizeIs(3));
  EXPECT_THAT(values(), SizeIs(26));
  EXPECT_EQ(exporter->stats().exported, 26U);
}

TEST_P(MetricExport, SplitsByBytes) {
  options.batch_bytes = 2000;
  start();
  for (int i = 0; i < 100; ++i) orders().with(i).add(1);
  world.run_for(61s);
  EXPECT_GT(collector->metrics().size(), 2U);
  for (const auto& request : collector->metrics()) EXPECT_LT(request.ByteSizeLong(), 2200U);
  EXPECT_THAT(values(), SizeIs(100));
}

TEST_P(MetricExport, LeavesTheRestToTheNextCollectionWhenItGivesUp) {
  options.batch_items = 10;
  options.max_attempts = 2;
  for (int i = 0; i < 2; ++i) collector->answer({.http = 503, .grpc = unavailable("busy")});
  start();
  for (int i = 0; i < 25; ++i) orders().with(i).add(1);
  world.run_for(70s);
  EXPECT_EQ(exporter->stats().given_up, 10U);
  EXPECT_EQ(exporter->stats().requests, 2U);
  world.run_for(60s);
  EXPECT_EQ(exporter->stats().exported, 25U);
}

TEST_P(MetricExport, CountsWhatIsTakenInPart) {
  collector->answer({.body = FakeCollector::partial(2, "too old")});
  start();
  for (int i = 0; i < 5; ++i) orders().with(i).add(1);
  world.run_for(61s);
  EXPECT_EQ(exporter->stats().rejected, 2U);
  EXPECT_EQ(exporter->stats().exported, 3U);
}

TEST_P(MetricExport, SendsTheLastValuesWhenItStops) {
  start();
  orders().with(1).add(1);
  world.run_for(61s);
  orders().with(1).add(1);
  stop();
  world.run_for(100ms);
  EXPECT_TRUE(ended);
  EXPECT_THAT(values(), ElementsAre(Pair("shop.orders1", 2)));
}

TEST_P(MetricExport, EndsAtOnceWhenItIsCancelled) {
  collector->answer({.hangs = true});
  start();
  orders().with(1).add(1);
  world.run_for(61s);
  world.client_host().enter([&] { context.cancel(cancelled("the program ends")); });
  world.run_for(10ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(exporter->stats().given_up, 1U);
}

TEST_P(MetricExport, TargetInfoIsInTheResourceOnly) {
  EXPECT_EQ(set_target_info({{"service.name", "shop"}}, registry), ok_status());
  start();
  world.run_for(61s);
  EXPECT_THAT(collector->metrics(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Otlp, MetricExport, ::testing::Values(By::Http, By::Grpc), &test::name_of);

}  // namespace
}  // namespace weft::telemetry
