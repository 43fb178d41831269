#include "weft/telemetry/prometheus/target_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/prometheus/text_writer.h"

namespace weft::telemetry {
namespace {

std::string text_of(Registry& registry, TextFormat format) {
  TextWriter writer(registry, format);
  std::string all;
  while (writer.write(all, std::size_t{1} << 20)) {
  }
  return all;
}

TEST(TargetInfoTest, SaysWhoseMetricsTheseAre) {
  Registry registry;
  EXPECT_EQ(set_target_info({{"service.name", "shop"}, {"host.name", "a\"b"}}, registry),
            ok_status());
  for (const TextFormat format : {TextFormat::Prometheus, TextFormat::OpenMetrics}) {
    const std::string text = text_of(registry, format);
    EXPECT_THAT(text, ::testing::HasSubstr("# TYPE target_info gauge\n"));
    EXPECT_THAT(
        text, ::testing::HasSubstr("target_info{service_name=\"shop\",host_name=\"a\\\"b\"} 1\n"));
  }
}

TEST(TargetInfoTest, IsThereOnce) {
  Registry registry;
  EXPECT_EQ(set_target_info({{"service.name", "shop"}}, registry), ok_status());
  EXPECT_EQ(set_target_info({{"service.name", "shop"}}, registry), ok_status());
  EXPECT_EQ(set_target_info({{"host.name", "here"}}, registry).code(), StatusCode::AlreadyExists);
}

TEST(TargetInfoTest, RefusesNamesThatAreNoLabels) {
  Registry registry;
  EXPECT_EQ(set_target_info({{"", "x"}}, registry).code(), StatusCode::InvalidArgument);
}

}  // namespace
}  // namespace weft::telemetry
