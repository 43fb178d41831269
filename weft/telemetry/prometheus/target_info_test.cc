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

TEST(TargetInfoTest, LeavesOutNamesThatAreNoLabels) {
  Registry registry;
  const Status set = set_target_info(
      {{"", "x"}, {"a-b", "x"}, {"host.name", "here"}, {"host_name", "x"}, {"le", "x"}}, registry);
  EXPECT_EQ(set, ok_status());
  EXPECT_THAT(text_of(registry, TextFormat::OpenMetrics),
              ::testing::HasSubstr("target_info{host_name=\"here\"} 1\n"));
}

TEST(TargetInfoTest, LeavesOutWhatIsBeyondTheLimit) {
  Registry registry;
  std::vector<std::pair<std::string, std::string>> many;
  for (std::size_t i = 0; i < kMaxLabels + 3; ++i) many.emplace_back("l" + std::to_string(i), "x");
  EXPECT_EQ(set_target_info(many, registry), ok_status());
  const std::string text = text_of(registry, TextFormat::OpenMetrics);
  EXPECT_THAT(text, ::testing::HasSubstr("l15=\"x\"} 1\n"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("l16")));
}

}  // namespace
}  // namespace weft::telemetry
