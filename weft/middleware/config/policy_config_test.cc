#include "weft/middleware/config/policy_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class PolicyConfigTest : public middleware::PolicyTest {
 protected:
  PolicyConfigTest() { use(config_.middleware()); }
  /// Takes a list of policies.
  Status set(const std::string& policies) {
    return config_.set(R"({"policies": [)" + policies + "]}");
  }
  std::string error_of(const std::string& policies) {
    const Status status = set(policies);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << policies;
    return std::string(status.message());
  }
  PolicyConfig config_{&events_};
};

TEST_F(PolicyConfigTest, WithoutPoliciesCallsPass) {
  EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(set("").ok());
  EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(config_.set("{}").ok());
}

TEST_F(PolicyConfigTest, EveryPolicyCanBeNamedWithItsOptions) {
  const Status status = set(R"(
      {"timeout": {"limit": "2s"}},
      {"accessLog": {"slowerThan": "1s"}},
      {"rateLimit": {"rate": 10, "burst": 2, "key": "metadata:user", "maxKeys": 10,
                     "maxWait": "0.1s", "pushBack": false}},
      {"concurrencyLimit": {"limit": 100, "queue": 10, "queueTimeout": "0.5s"}},
      {"adaptiveLimit": {"initialLimit": 10, "minLimit": 2, "maxLimit": 50, "tolerance": 1.5,
                         "smoothing": 0.3, "window": "0.2s", "minSamples": 5,
                         "remeasureInterval": "10s",
                         "shares": {"critical": 0.8, "sheddablePlus": 0.5, "sheddable": 0.1}}},
      {"deadlineShedding": {"quantile": 0.3, "minSamples": 5, "probeShare": 0.1, "maxMethods": 9}},
      {"priorityShedding": {"limit": 10, "shares": {}}},
      {"circuitBreaker": {"consecutiveFailures": 3, "failureRatio": 0.2, "minimumCalls": 5,
                          "window": "5s", "openTime": "1s", "maxOpenTime": "2s", "growth": 1.5,
                          "jitter": 0, "probes": 1, "maxKeys": 7}},
      {"faultInjection": {"delayShare": 0, "delay": "1s", "abortShare": 0, "abortCode": "ABORTED",
                          "abortMessage": "no", "fromMetadata": true, "maxDelay": "1s",
                          "metadataName": "a", "metadataValue": "b", "maxActiveFaults": 3}},
      {"singleFlight": {"vary": ["user"], "acrossPrincipals": true, "sharedMethods": ["/a/b"], "maxRequestSize": 100}},
      {"responseCache": {"maxBytes": 100000, "maxEntryBytes": 1000, "ttl": "1s", "vary": [],
                         "acrossPrincipals": false, "sharedMethods": []}})");
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_TRUE(serve().ok());
}

TEST_F(PolicyConfigTest, PoliciesDoWhatTheySay) {
  ASSERT_TRUE(set(R"({"rateLimit": {"rate": 1, "burst": 1, "key": "metadata:user"}})").ok());
  EXPECT_TRUE(serve().ok());
  EXPECT_EQ(serve().code(), StatusCode::ResourceExhausted);
  EXPECT_TRUE(serve([](Call& call) { call.request_metadata().add("user", "ann"); }).ok());
  EXPECT_EQ(events_.count("rate_limit.rejected"), 1);
}

TEST_F(PolicyConfigTest, TheFirstIsTheOutermost) {
  const std::string abort = R"({"faultInjection": {"abortShare": 1}})";
  const std::string limit = R"({"rateLimit": {"rate": 1, "burst": 1}})";
  ASSERT_TRUE(set(limit + "," + abort).ok());
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
  EXPECT_EQ(serve().code(), StatusCode::ResourceExhausted);
}

TEST_F(PolicyConfigTest, MayBeForSomeMethodsOnly) {
  ASSERT_TRUE(set(R"({"faultInjection": {"abortShare": 1},
                      "methods": ["/pkg.Service/Method", "/pkg.Other/"]})")
                  .ok());
  EXPECT_FALSE(serve().ok());
  path_ = "/pkg.Service/Else";
  EXPECT_TRUE(serve().ok());
  path_ = "/pkg.Other/Any";
  EXPECT_FALSE(serve().ok());
}

TEST_F(PolicyConfigTest, ChangesHoldForTheNextCall) {
  service_.takes = 3s;
  ASSERT_TRUE(set(R"({"timeout": {"limit": "2s"}})").ok());
  const TimePoint begun = loop_.now();
  const Handle before = start();
  ASSERT_TRUE(set(R"({"timeout": {"limit": "1s"}})").ok());
  const Handle behind = start();
  finish(*before);
  EXPECT_EQ(before->ended - begun, 2s);
  EXPECT_EQ(behind->ended - begun, 1s);
}

TEST_F(PolicyConfigTest, ACallOutlivesItsPolicies) {
  service_.takes = 3s;
  ASSERT_TRUE(set(R"({"concurrencyLimit": {"limit": 1}})").ok());
  const Handle call = start();
  ASSERT_TRUE(set("").ok());
  EXPECT_TRUE(serve().ok());
  finish(*call);
  EXPECT_TRUE(call->status.ok());
}

TEST_F(PolicyConfigTest, APolicyThatStaysTheSameKeepsItsState) {
  const std::string limit = R"({"rateLimit": {"rate": 0.01, "burst": 1}})";
  ASSERT_TRUE(set(limit).ok());
  EXPECT_TRUE(serve().ok());
  ASSERT_TRUE(set(R"({"timeout": {"limit": "1s"}}, )" + limit).ok());
  EXPECT_EQ(serve().code(), StatusCode::ResourceExhausted);
  ASSERT_TRUE(set(R"({"rateLimit": {"rate": 0.01, "burst": 2}})").ok());
  EXPECT_TRUE(serve().ok()) << "another one, with a full bucket";
}

TEST_F(PolicyConfigTest, ABadConfigChangesNothing) {
  ASSERT_TRUE(set(R"({"faultInjection": {"abortShare": 1}})").ok());
  EXPECT_FALSE(set(R"({"timeout": {"limit": "1s"}}, {"timeout": {}})").ok());
  EXPECT_EQ(serve().code(), StatusCode::Unavailable);
}

TEST_F(PolicyConfigTest, LimitsMayGoByPrincipal) {
  ASSERT_TRUE(set(R"({"rateLimit": {"rate": 0.01, "burst": 1, "key": "principal"}})").ok());
  const auto as = [](const char* name) {
    return [name](Call& call) {
      call.set_principal(std::make_shared<const Principal>(Principal{.subject = name}));
    };
  };
  EXPECT_TRUE(serve(as("ann")).ok());
  EXPECT_TRUE(serve(as("bob")).ok());
  EXPECT_EQ(serve(as("ann")).code(), StatusCode::ResourceExhausted);
}

TEST_F(PolicyConfigTest, ErrorsNameThePathTheValueAndWhatWasExpected) {
  const std::string prefix = "policy config: policies[0]";
  EXPECT_EQ(error_of(R"({"timeout": {}})"),
            prefix + ".timeout.limit: nothing: must be a duration in seconds as \"1.5s\"");
  EXPECT_EQ(error_of(R"({"rateLimit": {"rate": 5, "brust": 9}})"),
            prefix + ".rateLimit.brust: is not known here");
  EXPECT_EQ(error_of(R"({"rateLimit": {"rate": -5}})"),
            prefix + ".rateLimit: RateLimitOptions::rate: -5: must be more than 0, at most 1e8");
  EXPECT_EQ(error_of(R"({"rateLimit": {"rate": 5, "key": "colour"}})"),
            prefix +
                ".rateLimit.key: \"colour\": must be \"method\", \"peer\", \"principal\", "
                "\"identity\" or "
                "\"metadata:NAME\"");
  EXPECT_THAT(error_of(R"({"rateLimti": {}})"),
              HasSubstr(prefix + ".rateLimti: {}: must be one of the policies accessLog, adapt"));
  EXPECT_THAT(error_of(R"({"timeout": {"limit": "1s"}, "accessLog": {}})"),
              HasSubstr("must be an object with one policy"));
  EXPECT_THAT(error_of(R"({"accessLog": {}, "methods": ["Method"]})"),
              HasSubstr(prefix + ".methods[0]: \"Method\": must be \"/pkg.Service/Method\""));
  EXPECT_THAT(error_of(R"({"circuitBreaker": 3})"),
              HasSubstr(prefix + ".circuitBreaker: 3: must be an object"));
  EXPECT_THAT(
      error_of(R"({"adaptiveLimit": {"shares": {"critical": 2, "x": 1}}})"),
      AllOf(HasSubstr("shares.x: is not known here"), HasSubstr("PriorityShares::critical: 2")));
  EXPECT_EQ(config_.set(R"({"polices": []})").message(),
            "policy config: polices: is not known here; \"policies\" is");
  EXPECT_THAT(config_.set("[").to_string(), HasSubstr("policy config: not JSON"));
}

}  // namespace
}  // namespace weft
