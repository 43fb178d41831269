#include "weft/middleware/config/service_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

ServiceConfig read(std::string_view json) {
  Result<ServiceConfig> config = ServiceConfig::parse(json);
  EXPECT_TRUE(config.ok()) << config.status().to_string();
  return config.ok() ? *std::move(config) : ServiceConfig();
}

std::string error_of(std::string_view json) {
  const Result<ServiceConfig> config = ServiceConfig::parse(json);
  EXPECT_FALSE(config.ok()) << json;
  if (config.ok()) return "";
  EXPECT_EQ(config.status().code(), StatusCode::InvalidArgument);
  return std::string(config.status().message());
}

// As gRPC's documents and examples have them.
constexpr std::string_view kWhole = R"json({
  "loadBalancingPolicy": "ROUND_ROBIN",
  "loadBalancingConfig": [
    {"xds_something": {}},
    {"outlier_detection_experimental": {
      "interval": "1s", "baseEjectionTime": "20s", "maxEjectionTime": "100.5s",
      "maxEjectionPercent": 30,
      "successRateEjection": {"stdevFactor": 1500, "enforcementPercentage": 50},
      "failurePercentageEjection": {"threshold": 60, "minimumHosts": 3, "requestVolume": 7},
      "childPolicy": [{"round_robin": {}}]}},
    {"pick_first": {"shuffleAddressList": "not even read"}}
  ],
  "methodConfig": [
    {"name": [{"service": "hello.Greeter", "method": "SayHello"}, {"service": "hello.Other"}],
     "timeout": "1.5s", "waitForReady": true,
     "maxRequestMessageBytes": 1024, "maxResponseMessageBytes": "2048",
     "retryPolicy": {
       "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
       "retryableStatusCodes": ["UNAVAILABLE", "aborted", 4]}},
    {"name": [{"service": "hello.Greeter"}],
     "hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "0.05s",
                       "nonFatalStatusCodes": ["UNAVAILABLE"]}},
    {"name": [{}], "timeout": "10s"}
  ],
  "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.5},
  "healthCheckConfig": {"serviceName": "hello.Greeter"},
  "somethingNew": {"whatever": [1, 2, 3]}
})json";

TEST(ServiceConfig, ReadsWhatGrpcReads) {
  const ServiceConfig config = read(kWhole);
  ASSERT_EQ(config.methods.size(), 3U);
  const MethodConfig& first = config.methods[0];
  EXPECT_THAT(first.names, ElementsAre(MethodConfig::Name{"hello.Greeter", "SayHello"},
                                       MethodConfig::Name{"hello.Other", ""}));
  EXPECT_EQ(first.timeout, 1500ms);
  EXPECT_EQ(first.wait_for_ready, true);
  EXPECT_EQ(first.max_request_bytes, 1024U);
  EXPECT_EQ(first.max_response_bytes, 2048U);
  ASSERT_TRUE(first.retry);
  EXPECT_EQ(first.retry->max_attempts, 4U);
  EXPECT_EQ(first.retry->initial_backoff, 100ms);
  EXPECT_EQ(first.retry->max_backoff, 1s);
  EXPECT_EQ(first.retry->multiplier, 2);
  EXPECT_EQ(first.retry->codes, (StatusCodeSet{StatusCode::Unavailable, StatusCode::Aborted,
                                               StatusCode::DeadlineExceeded}));
  const MethodConfig& second = config.methods[1];
  ASSERT_TRUE(second.hedge);
  EXPECT_EQ(second.hedge->max_attempts, 3U);
  EXPECT_EQ(second.hedge->delay, 50ms);
  EXPECT_EQ(second.timeout, kForever);
  EXPECT_EQ(config.retry_throttling->max_tokens, 100);
  EXPECT_EQ(config.retry_throttling->token_ratio, 0.5);
  EXPECT_EQ(config.health_service, "hello.Greeter");
}

TEST(ServiceConfig, TakesTheFirstPolicyThatIsKnown) {
  const ServiceConfig config = read(kWhole);
  ASSERT_NE(config.balancing, nullptr);
  EXPECT_EQ(config.balancing->name(), "round_robin");
  ASSERT_TRUE(config.outlier_detection);
  const OutlierOptions& outliers = *config.outlier_detection;
  EXPECT_EQ(outliers.interval, 1s);
  EXPECT_EQ(outliers.base_ejection_time, 20s);
  EXPECT_EQ(outliers.max_ejection_time, 100500ms);
  EXPECT_EQ(outliers.max_ejection_percent, 30U);
  EXPECT_FALSE(outliers.consecutive_failures) << "gRPC has none";
  EXPECT_FALSE(outliers.latency) << "gRPC has none";
  EXPECT_DOUBLE_EQ(outliers.success_rate->stdev_factor, 1.5);
  EXPECT_EQ(outliers.success_rate->enforcement_percent, 50U);
  EXPECT_EQ(outliers.success_rate->minimum_hosts, 5U);
  EXPECT_EQ(outliers.failure_percentage->threshold_percent, 60U);
  EXPECT_EQ(outliers.failure_percentage->request_volume, 7U);
}

TEST(ServiceConfig, KnowsThePoliciesOfGrpc) {
  for (const char* name : {"pick_first", "round_robin", "weighted_round_robin",
                           "ring_hash_experimental", "least_request_experimental"}) {
    const ServiceConfig config =
        read(std::string(R"({"loadBalancingConfig":[{")") + name + R"(":{}}]})");
    ASSERT_NE(config.balancing, nullptr) << name;
    EXPECT_TRUE(std::string_view(name).starts_with(config.balancing->name())) << name;
  }
  const ServiceConfig older = read(R"({"loadBalancingPolicy": "ROUND_ROBIN"})");
  EXPECT_EQ(older.balancing->name(), "round_robin");
}

TEST(ServiceConfig, OneServersAddressesAreNotHeldAgainstEachOther) {
  const ServiceConfig config = read(R"({"loadBalancingConfig": [{"outlier_detection_experimental":
      {"successRateEjection": {}, "childPolicy": [{"pick_first": {}}]}}]})");
  EXPECT_EQ(config.balancing->name(), "pick_first");
  EXPECT_FALSE(config.outlier_detection);
}

TEST(ServiceConfig, AnEmptyConfigSaysNothing) {
  const ServiceConfig config = read("{}");
  EXPECT_TRUE(config.methods.empty());
  EXPECT_EQ(config.balancing, nullptr);
  EXPECT_EQ(config.find("/a/b"), nullptr);
  EXPECT_TRUE(read(R"({"methodConfig": null, "retryThrottling": null})").methods.empty());
}

TEST(ServiceConfig, TheMethodGoesBeforeItsServiceAndThatBeforeAll) {
  const ServiceConfig config = read(R"({"methodConfig": [
      {"name": [{}], "timeout": "3s"},
      {"name": [{"service": "a.S"}], "timeout": "2s"},
      {"name": [{"service": "a.S", "method": "M"}], "timeout": "1s"}]})");
  EXPECT_EQ(config.find("/a.S/M")->timeout, 1s);
  EXPECT_EQ(config.find("/a.S/Other")->timeout, 2s);
  EXPECT_EQ(config.find("/b.S/M")->timeout, 3s);
  EXPECT_EQ(config.find("nonsense")->timeout, 3s);
  EXPECT_EQ(config.find("")->timeout, 3s);
}

TEST(ServiceConfig, CutsAttemptsDownAsGrpcDoes) {
  constexpr std::string_view kText = R"({"methodConfig": [{"name": [{}], "retryPolicy": {
      "maxAttempts": 100, "initialBackoff": "2s", "maxBackoff": "1s", "backoffMultiplier": 0.5,
      "retryableStatusCodes": ["UNAVAILABLE", "OK"]}}]})";
  const ServiceConfig config = read(kText);
  EXPECT_EQ(config.methods[0].retry->max_attempts, 5U);
  EXPECT_EQ(config.methods[0].retry->initial_backoff, 1s);
  EXPECT_EQ(config.methods[0].retry->multiplier, 1);
  EXPECT_EQ(config.methods[0].retry->codes, StatusCodeSet{StatusCode::Unavailable});
  EXPECT_EQ(ServiceConfig::parse(kText, {.max_attempts = 8})->methods[0].retry->max_attempts, 8U);
}

TEST(ServiceConfig, ErrorsNameThePathTheValueAndWhatWasExpected) {
  const auto method = [](const std::string& fields) {
    return error_of(R"({"methodConfig": [{}, {}, {)" + fields + "}]}");
  };
  const auto retry = [&method](const std::string& change) {
    std::string policy = R"("retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s",
        "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["ABORTED"]})";
    const std::string name = change.substr(0, change.find(':'));
    const std::size_t at = policy.find(name);
    std::size_t end = policy.find(',', at);
    if (end == policy.npos) end = policy.size() - 1;
    return method(policy.replace(at, end - at, change));
  };
  const std::string prefix = "service config: methodConfig[2].";
  EXPECT_EQ(retry("\"maxAttempts\": 1"),
            prefix + "retryPolicy.maxAttempts: 1: must be an integer of at least 2");
  EXPECT_EQ(retry("\"maxAttempts\": \"x\""),
            prefix + "retryPolicy.maxAttempts: \"x\": must be an integer of at least 2");
  EXPECT_EQ(retry("\"initialBackoff\": \"0s\""),
            prefix + "retryPolicy.initialBackoff: \"0s\": must be more than 0s");
  EXPECT_EQ(
      retry("\"maxBackoff\": 3"),
      prefix +
          "retryPolicy.maxBackoff: 3: must be a duration in seconds as \"1.5s\", not negative");
  EXPECT_EQ(retry("\"backoffMultiplier\": 0"),
            prefix + "retryPolicy.backoffMultiplier: 0: must be a number of more than 0");
  EXPECT_EQ(
      retry("\"retryableStatusCodes\": []"),
      prefix + "retryPolicy.retryableStatusCodes: []: must be a list of at least one status code");
  EXPECT_EQ(
      retry("\"retryableStatusCodes\": [\"UNAVAILABLE\" , \"NOPE\"]"),
      prefix +
          "retryPolicy.retryableStatusCodes[1]: \"NOPE\": must be a status code: \"UNAVAILABLE\", "
          "or 14");
  EXPECT_EQ(method(R"("timeout": "-1s")"),
            prefix + "timeout: \"-1s\": must be a duration in seconds as \"1.5s\", not negative");
  EXPECT_EQ(method(R"("waitForReady": "yes")"),
            prefix + "waitForReady: \"yes\": must be true or false");
  EXPECT_EQ(method(R"("maxRequestMessageBytes": -1)"),
            prefix + "maxRequestMessageBytes: -1: must be a number of bytes from 0 to 4294967295");
  EXPECT_EQ(method(R"("name": [{"method": "M"}])"),
            prefix + "name[0].service: nothing: must be the method's service");
  EXPECT_EQ(method(R"("hedgingPolicy": {})"),
            prefix + "hedgingPolicy.maxAttempts: nothing: must be an integer of at least 2");
  EXPECT_EQ(error_of(R"({"methodConfig": {}})"),
            "service config: methodConfig: {}: must be a list");
  EXPECT_EQ(error_of("[]"), "service config: the text: []: must be an object");
}

TEST(ServiceConfig, ContradictionsAreErrors) {
  EXPECT_THAT(error_of(R"({"methodConfig": [{"retryPolicy": {"maxAttempts": 2,
      "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1,
      "retryableStatusCodes": ["ABORTED"]}, "hedgingPolicy": {"maxAttempts": 2}}]})"),
              HasSubstr("methodConfig[0]: has both a retryPolicy and a hedgingPolicy"));
  EXPECT_EQ(error_of(R"({"methodConfig": [{"name": [{"service": "a"}, {"service": "b"}]},
                                          {"name": [{"service": "b", "method": ""}]}]})"),
            "service config: methodConfig[1].name[0]: has a config already; a name may be in one "
            "place only");
  EXPECT_THAT(error_of(R"({"retryThrottling": {}, "retryThrottling": {}})"),
              HasSubstr("has the member \"retryThrottling\" twice"));
}

TEST(ServiceConfig, AListWithoutAnyKnownPolicyIsAnError) {
  EXPECT_EQ(error_of(R"({"loadBalancingConfig": [{"grpclb": {}}, {"xds": {}}]})"),
            "service config: loadBalancingConfig: [{\"grpclb\":{}},{\"xds\":{}}]: must be a list "
            "with a known policy: pick_first, round_robin, weighted_round_robin, "
            "least_request_experimental, ring_hash_experimental, random, peak_ewma, "
            "outlier_detection_experimental");
  EXPECT_THAT(error_of(R"({"loadBalancingConfig": [{"a": {}, "b": {}}]})"),
              HasSubstr("loadBalancingConfig[0]: {\"a\":{},\"b\":{}}: must be an object of one"));
  EXPECT_THAT(error_of(R"({"loadBalancingPolicy": "nope"})"),
              HasSubstr("loadBalancingPolicy: \"nope\": must be a known policy"));
}

TEST(ServiceConfig, OptionsOfPoliciesAreChecked) {
  const auto policy = [](const std::string& text) {
    return error_of(R"({"loadBalancingConfig": [)" + text + "]}");
  };
  EXPECT_THAT(policy(R"({"ring_hash_experimental": {"minRingSize": 9, "maxRingSize": 3}})"),
              HasSubstr("minRingSize: 9: must be at most maxRingSize, 3"));
  EXPECT_THAT(policy(R"({"least_request_experimental": {"choiceCount": 1}})"),
              HasSubstr("[0].least_request_experimental.choiceCount: 1: must be an integer of at "
                        "least 2"));
  EXPECT_THAT(policy(R"({"outlier_detection_experimental": {"maxEjectionPercent": 101,
                         "childPolicy": [{"round_robin": {}}]}})"),
              HasSubstr("maxEjectionPercent: 101: must be a percentage"));
  EXPECT_THAT(policy(R"({"outlier_detection_experimental": {}})"),
              HasSubstr("childPolicy: nothing: must be a list of policies"));
}

TEST(ServiceConfig, SeveralProblemsAreToldTogether) {
  EXPECT_EQ(error_of(R"({"retryThrottling": {"maxTokens": 0}, "healthCheckConfig": 3})"),
            "service config: retryThrottling.tokenRatio: nothing: must be a number of more than 0; "
            "retryThrottling.maxTokens: 0: must be a number of more than 0, at most 1000; "
            "healthCheckConfig: 3: must be an object");
}

TEST(ServiceConfig, WhatIsNotJsonIsAnErrorWithItsPlace) {
  EXPECT_THAT(error_of("{\"methodConfig\": [}"),
              HasSubstr("not JSON: parse error at line 1, column 19"));
  EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("{} {}"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of(std::string(1000, '[')), HasSubstr("not JSON"));
  EXPECT_THAT(error_of(std::string(100, '[') + std::string(100, ']')),
              HasSubstr("is nested deeper than 64"));
  EXPECT_THAT(error_of(std::string(5 << 20, ' ')), HasSubstr("the limit is 4194304"));
}

class ServiceConfigPolicyTest : public middleware::PolicyTest {
 protected:
  ServiceConfigPolicyTest() {
    side_ = Call::Side::Client;
    use(config_.middleware());
  }
  ServiceConfigOptions options() {
    ServiceConfigOptions options;
    options.observer = &events_;
    return options;
  }
  static std::string timeout(const char* value) {
    return std::string(R"({"methodConfig": [{"name": [{}], "timeout": ")") + value + R"("}]})";
  }
  ServiceConfigPolicy config_{options()};
};

TEST_F(ServiceConfigPolicyTest, TheShorterOfTimeoutAndDeadlineHolds) {
  ASSERT_TRUE(config_.set(timeout("2s")).ok());
  service_.takes = 5s;
  const TimePoint begun = loop_.now();
  EXPECT_EQ(serve().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(loop_.now() - begun, 2s);
  EXPECT_EQ(serve([](Call& call) { call.limit_timeout(1s); }).code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(loop_.now() - begun, 3s);
}

TEST_F(ServiceConfigPolicyTest, WithoutConfigCallsPass) {
  EXPECT_TRUE(serve().ok());
  EXPECT_EQ(config_.current(), nullptr);
}

TEST_F(ServiceConfigPolicyTest, LimitsOfSizeAndWaitingForReadyReachTheCall) {
  ASSERT_TRUE(config_
                  .set(R"({"methodConfig": [{"name": [{"service": "pkg.Service"}],
      "waitForReady": true, "maxRequestMessageBytes": 10, "maxResponseMessageBytes": 20}]})")
                  .ok());
  const Handle call = start([](Call& c) { c.set_max_receive_size(15); });
  EXPECT_TRUE(call->call.wait_for_ready());
  EXPECT_EQ(call->call.max_send_size(), 10U);
  EXPECT_EQ(call->call.max_receive_size(), 15U) << "the caller's own is stricter";
  path_ = "/pkg.Other/Method";
  EXPECT_FALSE(start()->call.wait_for_ready());
}

TEST_F(ServiceConfigPolicyTest, ChangesHoldForTheNextCall) {
  service_.takes = 3s;
  ASSERT_TRUE(config_.set(timeout("2s")).ok());
  const Handle before = start();
  ASSERT_TRUE(config_.set(timeout("1s")).ok());
  const TimePoint begun = loop_.now();
  const Handle behind = start();
  finish(*before);
  EXPECT_EQ(before->ended - begun, 2s) << "goes on as it began";
  EXPECT_EQ(behind->ended - begun, 1s);
  EXPECT_EQ(events_.count("service_config.changed"), 2);
}

TEST_F(ServiceConfigPolicyTest, ABadConfigLeavesTheOldOneAndSaysWhy) {
  ASSERT_TRUE(config_.set(timeout("2s")).ok());
  const std::shared_ptr<const ServiceConfig> before = config_.current();
  const Status refused = config_.set(timeout("soon"));
  EXPECT_THAT(refused.to_string(), HasSubstr("methodConfig[0].timeout: \"soon\""));
  EXPECT_EQ(config_.current(), before);
  service_.takes = 5s;
  EXPECT_EQ(serve().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(events_.count("service_config.refused"), 1);
}

constexpr std::string_view kRetries = R"({"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

TEST_F(ServiceConfigPolicyTest, RetriesAsTheConfigSays) {
  ASSERT_TRUE(config_.set(kRetries).ok());
  service_.answer = unavailable("the disk is full");
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
  EXPECT_EQ(service_.calls, 3);
  EXPECT_EQ(events_.count("retry.attempt"), 2);
  service_.answer = not_found("no such thing");
  EXPECT_EQ(serve().code(), StatusCode::NotFound);
  EXPECT_EQ(service_.calls, 4);
}

TEST_F(ServiceConfigPolicyTest, ACallThatRetriesOutlivesItsConfig) {
  ASSERT_TRUE(config_.set(kRetries).ok());
  service_.answer = unavailable("the disk is full");
  const Handle call = start();
  ASSERT_TRUE(config_.set("{}").ok());
  EXPECT_TRUE(serve([](Call&) {}).code() == StatusCode::Unavailable);
  finish(*call);
  EXPECT_EQ(service_.calls, 4) << "three, and one without retries";
}

TEST_F(ServiceConfigPolicyTest, ThrottlingStopsRetries) {
  std::string text(kRetries);
  text.insert(1, R"("retryThrottling": {"maxTokens": 4, "tokenRatio": 0.1},)");
  ASSERT_TRUE(config_.set(text).ok());
  service_.answer = unavailable("the disk is full");
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(serve().ok());
  EXPECT_LT(service_.calls, 15);
}

TEST_F(ServiceConfigPolicyTest, HedgesAsTheConfigSays) {
  ASSERT_TRUE(config_
                  .set(R"({"methodConfig": [{"name": [{}], "hedgingPolicy": {
      "maxAttempts": 3, "hedgingDelay": "0.1s"}}]})")
                  .ok());
  service_.takes = 1s;
  EXPECT_TRUE(serve().ok());
  EXPECT_EQ(service_.calls, 3);
}

TEST_F(ServiceConfigPolicyTest, ReachesTheChannel) {
  Channel channel("memory:nobody");
  ServiceConfigPolicy config;
  EXPECT_TRUE(config.use(channel, kWhole).ok());
  EXPECT_TRUE(config.set("{}").ok());
  EXPECT_FALSE(config.set("nonsense").ok());
}

TEST_F(ServiceConfigPolicyTest, AConfigFromCodeIsCheckedToo) {
  ServiceConfig wrong;
  wrong.methods.emplace_back().retry.emplace().jitter = 3;
  EXPECT_EQ(config_.set(wrong).code(), StatusCode::InvalidArgument);
  EXPECT_EQ(config_.current(), nullptr);
}

}  // namespace
}  // namespace weft
