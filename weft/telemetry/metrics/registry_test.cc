#include "weft/telemetry/metrics/registry.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/status.h"
#include "weft/telemetry/metrics/collection.h"

namespace weft::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Text = std::string_view;

struct Read {
  std::vector<std::string> labels;
  bool is_overflow;
  double value;
};

std::vector<Read> read_all(Metric& metric) {
  Collection collection(metric);
  std::vector<Read> all;
  for (Point point; collection.next(point);) {
    all.push_back({{point.labels.begin(), point.labels.end()}, point.is_overflow, point.value});
  }
  return all;
}

TEST(Registry, CountsByLabels) {
  Registry registry;
  const auto orders = registry
                          .counter({.name = "shop.orders", .unit = "{order}"},
                                   Label<Text>{"shop.kind"}, Label<bool>{"shop.paid"})
                          .value();
  const Counter paid = orders.with("book", true);
  const Counter open = orders.with("book", false);
  paid.add();
  paid.add(4);
  open.add(2);
  EXPECT_EQ(paid.value(), 5U);
  const std::vector<Read> all = read_all(orders.metric());
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[0].labels, ElementsAre("book", "true"));
  EXPECT_EQ(all[0].value, 5);
  EXPECT_THAT(all[1].labels, ElementsAre("book", "false"));
}

TEST(Registry, LabelsAreTyped) {
  Registry registry;
  const auto family = registry
                          .counter({.name = "x"}, Label<StatusCode>{"status"}, Label<int>{"n"},
                                   Label<MetricKind>{"kind"})
                          .value();
  family.with(StatusCode::NotFound, -3, MetricKind::Gauge).add();
  EXPECT_THAT(read_all(family.metric())[0].labels, ElementsAre("NOT_FOUND", "-3", "gauge"));
}

TEST(Registry, UpDownCountersGoBelowZero) {
  Registry registry;
  const auto family = registry.up_down_counter({.name = "x"}).value();
  const UpDownCounter jobs = family.with();
  jobs.add(3);
  std::thread([&] { jobs.add(-5); }).join();
  EXPECT_EQ(jobs.value(), -2);
  EXPECT_EQ(read_all(family.metric())[0].value, -2);
}

TEST(Registry, GaugesHaveTheLastValue) {
  Registry registry;
  const Gauge gauge = registry.gauge({.name = "x", .unit = "1"}).value().with();
  gauge.set(1.5);
  gauge.set(-2.5);
  EXPECT_EQ(gauge.value(), -2.5);
}

TEST(Registry, HistogramsIgnoreWhatIsNotFinite) {
  Registry registry;
  const Histogram histogram = registry.histogram({.name = "x", .unit = "s"}).value().with();
  histogram.record(0.5);
  histogram.record(1000);
  histogram.record(std::nan(""));
  histogram.record(std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.sum(), 1000.5);
}

TEST(Registry, TheSameAgainIsTheSameMetric) {
  Registry registry;
  const auto one = registry.counter({.name = "x"}, Label<Text>{"a"}).value();
  const auto two = registry.counter({.name = "x"}, Label<Text>{"a"}).value();
  EXPECT_EQ(&one.metric(), &two.metric());
}

TEST(Registry, AnotherTypeOfTheSameNameIsNamed) {
  Registry registry;
  ASSERT_TRUE(registry.counter({.name = "x", .unit = "{order}"}, Label<Text>{"a"}).ok());
  EXPECT_EQ(registry.histogram({.name = "x", .unit = "s"}).status(),
            already_exists("metric 'x' is registered as a counter of unit '{order}' with the "
                           "labels a; it cannot be a histogram of unit 's' without labels and 41 "
                           "bounds too"));
  EXPECT_FALSE(registry.counter({.name = "x", .unit = "s"}, Label<Text>{"a"}).ok());
  EXPECT_FALSE(registry.counter({.name = "x", .unit = "{order}"}, Label<Text>{"b"}).ok());
}

TEST(Registry, NamesThatAreOneToPrometheusAreRefused) {
  Registry registry;
  ASSERT_TRUE(registry.histogram({.name = "shop.wait", .unit = "s"}).ok());
  EXPECT_THAT(registry.gauge({.name = "shop_wait", .unit = "s"}).status().message(),
              HasSubstr("has the name 'shop_wait_seconds' in Prometheus, which is metric "
                        "'shop.wait'"));
  // The samples' names count, too.
  EXPECT_FALSE(registry.gauge({.name = "shop.wait.seconds.count"}).ok());
  ASSERT_TRUE(registry.counter({.name = "orders"}).ok());
  EXPECT_FALSE(registry.gauge({.name = "orders.total"}).ok());
}

TEST(Registry, InvalidNamesAreRefused) {
  Registry registry;
  for (const Text name : {Text(""), Text("9lives"), Text("a b"), Text("a\nb"), Text("\xff")}) {
    EXPECT_EQ(registry.counter({.name = name}).status().code(), StatusCode::InvalidArgument);
  }
  EXPECT_FALSE(registry.counter({.name = std::string(256, 'a')}).ok());
  EXPECT_FALSE(registry.counter({.name = "a", .unit = "two words"}).ok());
  EXPECT_THAT(registry.counter({.name = "a"}, Label<Text>{"le"}).status().message(),
              HasSubstr("label 'le' is reserved"));
  EXPECT_THAT(
      registry.counter({.name = "a"}, Label<Text>{"x.y"}, Label<Text>{"x_y"}).status().message(),
      HasSubstr("labels 'x.y' and 'x_y' are one to Prometheus"));
  EXPECT_FALSE(registry.counter({.name = "a", .max_series = 0}).ok());
}

TEST(Registry, BeyondTheLimitSeriesAreCountedTogether) {
  Registry registry;
  const auto family = registry.counter({.name = "x", .max_series = 3}, Label<int>{"n"}).value();
  for (int n = 0; n < 10; ++n) family.with(n).add();
  const std::vector<Read> all = read_all(family.metric());
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_TRUE(all[3].is_overflow);
  EXPECT_EQ(all[3].value, 7);
  EXPECT_EQ(family.metric().overflowed(), 7U);
}

TEST(Registry, ARemovedSeriesLeavesNothingDangling) {
  std::optional<Counter> kept;
  {
    Registry registry;
    const auto family = registry.counter({.name = "x"}, Label<Text>{"a"}).value();
    kept = family.with("one");
    kept->add();
    EXPECT_TRUE(family.remove("one"));
    EXPECT_FALSE(family.remove("one"));
    EXPECT_THAT(read_all(family.metric()), SizeIs(0));
    // Begins anew.
    family.with("one").add(5);
    EXPECT_EQ(read_all(family.metric())[0].value, 5);
  }
  kept->add();
  EXPECT_EQ(kept->value(), 2U);
}

TEST(Registry, RemovingMakesRoomBelowTheLimit) {
  Registry registry;
  const auto family = registry.counter({.name = "x", .max_series = 2}, Label<int>{"n"}).value();
  for (int n = 0; n < 100; ++n) {
    family.with(n).add();
    EXPECT_TRUE(family.remove(n));
  }
  EXPECT_EQ(family.metric().overflowed(), 0U);
}

TEST(Registry, LabelValuesAreCutAndMadeValid) {
  Registry registry;
  const auto family = registry.counter({.name = "x"}, Label<Text>{"a"}).value();
  const std::string megabyte(std::size_t{1} << 20, 'x');
  family.with(megabyte).add();
  family.with(megabyte + "y").add();
  family.with("a\xff").add();
  const std::vector<Read> all = read_all(family.metric());
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[0].labels[0], SizeIs(kMaxLabelValue));
  EXPECT_EQ(all[0].value, 2);
  EXPECT_EQ(all[1].labels[0], "a\xef\xbf\xbd");
}

TEST(Registry, ObservedValuesAreReadWhenCollected) {
  Registry registry;
  const auto family = registry.gauge({.name = "x"}, Label<Text>{"a"}).value();
  double value = 1;
  {
    const Observation one = family.observe([&](auto& report) { report(value, "one"); });
    const Observation two = family.observe([&](auto& report) {
      report(10, "one");
      report(20, "two");
    });
    value = 2;
    family.with("one").set(100);
    const std::vector<Read> all = read_all(family.metric());
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].value, 112);  // one line for each set of labels, whoever reports it
    EXPECT_EQ(all[1].value, 20);
  }
  EXPECT_THAT(read_all(family.metric()), SizeIs(1));
}

TEST(Registry, ACollectionSeesNoSeriesTwice) {
  Registry registry;
  const auto family = registry.counter({.name = "x"}, Label<int>{"n"}).value();
  for (int n = 0; n < 100; ++n) family.with(n).add();
  Collection collection(family.metric());
  Point point;
  ASSERT_TRUE(collection.next(point));
  // Its place is behind the collection, the next one's before it.
  ASSERT_TRUE(family.remove(0));
  ASSERT_TRUE(family.remove(99));
  family.with(99).add();
  family.with(0).add();
  std::size_t seen = 1;
  while (collection.next(point)) ++seen;
  EXPECT_EQ(seen, 99U);
}

TEST(Registry, TheProcesssIsOne) { EXPECT_EQ(&registry(), &registry()); }

}  // namespace
}  // namespace weft::telemetry
