#include "weft/telemetry/prometheus/accept.h"

#include <gtest/gtest.h>

namespace weft::telemetry {
namespace {

constexpr auto kText = TextFormat::Prometheus;
constexpr auto kOpen = TextFormat::OpenMetrics;

TEST(Accept, PrometheusItselfGetsOpenMetrics) {
  EXPECT_EQ(choose_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                          "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpen);
  EXPECT_EQ(choose_format("application/vnd.google.protobuf;proto=io.prometheus.client."
                          "MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;"
                          "version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3"),
            kOpen);
}

TEST(Accept, EverybodyElseGetsText) {
  EXPECT_EQ(choose_format(""), kText);
  EXPECT_EQ(choose_format("*/*"), kText);
  EXPECT_EQ(choose_format("text/html,application/xhtml+xml,*/*;q=0.8"), kText);
  EXPECT_EQ(choose_format("application/json"), kText);
  EXPECT_EQ(choose_format("application/*"), kOpen);
}

TEST(Accept, QualitiesDecide) {
  EXPECT_EQ(choose_format("text/plain;q=0.9, application/openmetrics-text;q=0.8"), kText);
  EXPECT_EQ(choose_format("text/plain;q=0.8, application/openmetrics-text;q=0.9"), kOpen);
  EXPECT_EQ(choose_format("text/plain, application/openmetrics-text"), kOpen);
  EXPECT_EQ(choose_format("application/openmetrics-text;q=0, text/plain;q=0.1"), kText);
  EXPECT_EQ(choose_format("application/openmetrics-text;q=0.000"), kText);
}

TEST(Accept, OtherVersionsAreNotOurs) {
  EXPECT_EQ(choose_format("application/openmetrics-text;version=2.0.0,text/plain;q=0.1"), kText);
  EXPECT_EQ(choose_format("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8"), kOpen);
}

TEST(Accept, NonsenseIsText) {
  for (const char* text : {",", ";", ";;q=,,", "q=1", "\"", "text/plain;q=\"", "a;b=\"\\",
                           "application/openmetrics-textx"}) {
    EXPECT_EQ(choose_format(text), kText) << text;
  }
  EXPECT_EQ(choose_format("application/openmetrics-text;q=7"), kOpen);
}

}  // namespace
}  // namespace weft::telemetry
