#include "weft/telemetry/otlp/environment.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/telemetry/trace/span_setters.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

Environment of(std::map<std::string, std::string> variables) {
  return Environment(
      [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

OtlpOptions options_by(const Environment& environment, OtlpSignal signal = OtlpSignal::Traces) {
  OtlpOptions options;
  environment.apply(options, signal);
  EXPECT_EQ(options.valid(), ok_status());
  return options;
}

std::string text_of(const std::vector<Attribute>& all, std::string_view key) {
  for (const Attribute& one : all) {
    if (one.key == key) return std::get<std::string>(one.value);
  }
  return "none";
}

TEST(EnvironmentTest, AddsThePathToTheGeneralEndpoint) {
  EXPECT_EQ(options_by(of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}})).endpoint,
            "http://c:4318/v1/traces");
  EXPECT_EQ(options_by(of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/base/"}})).endpoint,
            "http://c:4318/base/v1/traces");
}

TEST(EnvironmentTest, EachSignalHasItsPath) {
  const auto general = of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}});
  EXPECT_EQ(options_by(general, OtlpSignal::Metrics).endpoint, "http://c:4318/v1/metrics");
  EXPECT_EQ(options_by(general, OtlpSignal::Logs).endpoint, "http://c:4318/v1/logs");
}

TEST(EnvironmentTest, ASignalsVariablesAreNotAnothers) {
  const auto both = of({{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1000"},
                        {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "2000"},
                        {"OTEL_METRIC_EXPORT_INTERVAL", "15000"},
                        {"OTEL_BLRP_SCHEDULE_DELAY", "300"},
                        {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "7"}});
  EXPECT_EQ(options_by(both, OtlpSignal::Metrics).timeout, 2s);
  EXPECT_EQ(options_by(both, OtlpSignal::Metrics).interval, 15s);
  EXPECT_EQ(options_by(both, OtlpSignal::Metrics).batch_items, OtlpOptions().batch_items);
  EXPECT_EQ(options_by(both, OtlpSignal::Logs).interval, 300ms);
  EXPECT_EQ(options_by(both, OtlpSignal::Logs).batch_items, 7U);
  EXPECT_EQ(options_by(both, OtlpSignal::Logs).timeout, OtlpOptions().timeout);
}

TEST(EnvironmentTest, PrometheusInsteadOfOtlpForMetrics) {
  const auto exports = [](const char* name, OtlpSignal signal) {
    return of({{"OTEL_METRICS_EXPORTER", name}, {"OTEL_LOGS_EXPORTER", name}}).exports(signal);
  };
  EXPECT_FALSE(exports("prometheus", OtlpSignal::Metrics));
  EXPECT_TRUE(exports("prometheus, OTLP", OtlpSignal::Metrics));
  EXPECT_FALSE(exports("none", OtlpSignal::Metrics));
  EXPECT_FALSE(exports("none", OtlpSignal::Logs));
  EXPECT_TRUE(exports("none", OtlpSignal::Traces));
}

TEST(EnvironmentTest, DeltaTemporalityIsIgnoredAndSaid) {
  std::vector<std::string> lines;
  set_log_sink([&lines](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const char* const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  options_by(of({{name, "Cumulative"}}), OtlpSignal::Metrics);
  EXPECT_TRUE(lines.empty());
  options_by(of({{name, "delta"}}), OtlpSignal::Metrics);
  set_log_sink({});
  EXPECT_THAT(lines, ElementsAre(::testing::HasSubstr("=delta is ignored")));
}

TEST(EnvironmentTest, TakesTheSignalsEndpointAsItIs) {
  const OtlpOptions options =
      options_by(of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                     {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/x"}}));
  EXPECT_EQ(options.endpoint, "http://t/x");
}

TEST(EnvironmentTest, GrpcHasNoPath) {
  const OtlpOptions options = options_by(of(
      {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}}));
  EXPECT_EQ(options.protocol, OtlpProtocol::Grpc);
  EXPECT_EQ(options.endpoint, "http://c:4317");
}

TEST(EnvironmentTest, ReadsTheOtherVariables) {
  const OtlpOptions options = options_by(of({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x=y"},
                                             {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                             {"OTEL_EXPORTER_OTLP_TIMEOUT", "10000"},
                                             {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"},
                                             {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                                             {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                             {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "64"}}));
  EXPECT_THAT(options.headers, ElementsAre(Pair("api-key", "a b"), Pair("x", "y")));
  EXPECT_EQ(options.compression, Compression::Gzip);
  EXPECT_EQ(options.timeout, 2500ms);
  EXPECT_EQ(options.tls.ca, "/ca.pem");
  EXPECT_EQ(options.interval, 100ms);
  EXPECT_EQ(options.batch_items, 64U);
}

TEST(EnvironmentTest, WhatCannotBeReadIsIgnored) {
  const OtlpOptions standard;
  const OtlpOptions options = options_by(of({{"OTEL_EXPORTER_OTLP_HEADERS", "no equals"},
                                             {"OTEL_EXPORTER_OTLP_COMPRESSION", "lzma"},
                                             {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                                             {"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"},
                                             {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"}}));
  EXPECT_TRUE(options.headers.empty());
  EXPECT_EQ(options.compression, Compression::Identity);
  EXPECT_EQ(options.protocol, OtlpProtocol::HttpProtobuf);
  EXPECT_EQ(options.timeout, standard.timeout);
  EXPECT_EQ(options.batch_items, standard.batch_items);
}

TEST(EnvironmentTest, WhatCannotBeUsedIsIgnored) {
  const auto endpoint = [](std::map<std::string, std::string> variables) {
    OtlpOptions options{.endpoint = "http://mine/x", .headers = {{"mine", "1"}}};
    of(std::move(variables)).apply(options, OtlpSignal::Traces);
    EXPECT_EQ(options.valid(), ok_status());
    EXPECT_THAT(options.headers, ElementsAre(Pair("mine", "1")));
    return options.endpoint;
  };
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}}), "http://mine/x");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://c"}}), "http://mine/x");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"},
                      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}),
            "http://c/v1/traces");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_HEADERS", "user-agent=x"}}), "http://mine/x");
}

TEST(EnvironmentTest, TheLogHasNoSecrets) {
  std::vector<std::string> lines;
  set_log_sink([&lines](LogLevel, std::string_view line) { lines.emplace_back(line); });
  options_by(of({{"OTEL_EXPORTER_OTLP_HEADERS", "user-agent=hidden"},
                 {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hidden@c"}}));
  set_log_sink({});
  EXPECT_EQ(lines.size(), 2U);
  for (const std::string& line : lines)
    EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("hidden")));
}

TEST(EnvironmentTest, GrpcTakesHostAndPort) {
  const auto endpoint = [](const char* insecure) {
    return options_by(of({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                          {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"},
                          {"OTEL_EXPORTER_OTLP_INSECURE", insecure}}))
        .endpoint;
  };
  EXPECT_EQ(endpoint("false"), "https://collector:4317");
  EXPECT_EQ(endpoint("True"), "http://collector:4317");
  EXPECT_EQ(endpoint("perhaps"), "https://collector:4317");
}

TEST(EnvironmentTest, NamesSamplers) {
  const auto sampling = [](std::map<std::string, std::string> variables) {
    Sampling made{.ratio = 0.7};
    of(std::move(variables)).apply(made);
    return made;
  };
  EXPECT_EQ(sampling({}).ratio, 0.7);
  EXPECT_EQ(sampling({{"OTEL_TRACES_SAMPLER", "always_off"}}).ratio, 0);
  EXPECT_FALSE(sampling({{"OTEL_TRACES_SAMPLER", "always_on"}}).follow_parent);
  const Sampling quarter = sampling(
      {{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
  EXPECT_EQ(quarter.ratio, 0.25);
  EXPECT_TRUE(quarter.follow_parent);
  EXPECT_EQ(sampling({{"OTEL_TRACES_SAMPLER", "traceidratio"}}).ratio, 1);
  EXPECT_EQ(sampling({{"OTEL_TRACES_SAMPLER", "coin"}}).ratio, 0.7);
  EXPECT_EQ(
      sampling({{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "2"}}).ratio,
      1);
}

TEST(EnvironmentTest, AlwaysIsAllAndNeverIsNothing) {
  const auto sampling = [](const char* name) {
    Sampling made{.max_per_second = 10, .keep_errors = true, .keep_slower_than = 1s};
    of({{"OTEL_TRACES_SAMPLER", name}}).apply(made);
    return made;
  };
  EXPECT_EQ(sampling("always_on").max_per_second, 0U);
  EXPECT_TRUE(sampling("always_on").keep_errors);
  EXPECT_FALSE(sampling("always_off").keep_errors);
  EXPECT_EQ(sampling("parentbased_always_off").keep_slower_than, kForever);
  EXPECT_EQ(sampling("traceidratio").max_per_second, 10U);
  EXPECT_TRUE(sampling("traceidratio").keep_errors);
}

TEST(EnvironmentTest, NamesAreComparedWithoutCase) {
  Sampling sampling;
  of({{"OTEL_TRACES_SAMPLER", "Always_Off"}}).apply(sampling);
  EXPECT_EQ(sampling.ratio, 0);
  const OtlpOptions options = options_by(
      of({{"OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC"}, {"OTEL_EXPORTER_OTLP_COMPRESSION", "GZip"}}));
  EXPECT_EQ(options.protocol, OtlpProtocol::Grpc);
  EXPECT_EQ(options.compression, Compression::Gzip);
  EXPECT_FALSE(of({{"OTEL_TRACES_EXPORTER", "None"}}).exports(OtlpSignal::Traces));
}

TEST(EnvironmentTest, SwitchesOff) {
  EXPECT_TRUE(of({}).exports(OtlpSignal::Traces));
  EXPECT_TRUE(of({{"OTEL_SDK_DISABLED", "yes"}}).exports(OtlpSignal::Traces));
  EXPECT_FALSE(of({{"OTEL_SDK_DISABLED", "True"}}).exports(OtlpSignal::Traces));
  EXPECT_FALSE(of({{"OTEL_TRACES_EXPORTER", "none"}}).exports(OtlpSignal::Traces));
}

TEST(EnvironmentTest, NamesTheService) {
  std::vector<Attribute> resource = detect_resource("shop");
  EXPECT_EQ(text_of(resource, "service.name"), "shop");
  EXPECT_EQ(text_of(resource, "telemetry.sdk.name"), "weft");
  EXPECT_THAT(text_of(detect_resource(""), "service.name"),
              ::testing::StartsWith("unknown_service:"));
  of({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=a%2Cb"},
      {"OTEL_SERVICE_NAME", "orders"}})
      .apply(resource);
  EXPECT_EQ(text_of(resource, "service.name"), "orders");
  EXPECT_EQ(text_of(resource, "deployment.environment.name"), "a,b");
}

TEST(EnvironmentTest, KeysOfAResourceComeOnce) {
  std::vector<Attribute> resource = detect_resource("shop");
  const std::size_t before = resource.size();
  put_attribute(resource, attribute("service.name", "mine"));
  put_attribute(resource, attribute("shop.floor", "second"));
  EXPECT_EQ(resource.size(), before + 1);
  EXPECT_EQ(text_of(resource, "service.name"), "mine");
  EXPECT_EQ(text_of(resource, "shop.floor"), "second");
}

TEST(EnvironmentTest, OptionsAreChecked) {
  EXPECT_EQ(OtlpOptions{.endpoint = "collector"}.valid().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(OtlpOptions{.timeout = 0s}.valid().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(OtlpOptions{.compression = Compression::Zstd}.valid().code(),
            StatusCode::InvalidArgument);
  EXPECT_EQ(OtlpOptions{.batch_items = 0}.valid().code(), StatusCode::InvalidArgument);
  const OtlpOptions bad_header{.headers = {{"a b", "c"}}};
  EXPECT_EQ(bad_header.valid().code(), StatusCode::InvalidArgument);
}

}  // namespace
}  // namespace weft::telemetry
