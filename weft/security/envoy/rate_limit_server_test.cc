#include "weft/security/envoy/rate_limit_server.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/grpc/google_status.h"
#include "weft/security/envoy/internal/wire.h"
#include "weft/security/envoy/shared_rate_limit.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_service.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view kLimits = R"({"domains": [{"domain": "shop", "descriptors": [
    {"key": "caller", "rate_limit": {"unit": "second", "requests_per_unit": 2}},
    {"key": "caller", "value": "ann", "unlimited": true},
    {"key": "caller", "value": "bot", "rate_limit": {"unit": "day", "requests_per_unit": 0}},
    {"key": "method", "value": "/Place", "descriptors": [
        {"key": "caller", "rate_limit": {"unit": "minute", "requests_per_unit": 1}}]}]}]})";

class RateLimitServerTest : public ::testing::Test {
 protected:
  explicit RateLimitServerTest(RateLimitServerOptions options = {}) : limits_(std::move(options)) {
    world_.server().add(limits_.definition());
  }
  rls::RateLimitResponse ask(RateDescriptor descriptor, std::string domain = "shop",
                             std::uint32_t calls = 0) {
    rls::RateLimitRequest request;
    request.set_domain(std::move(domain));
    request.set_hits_addend(calls);
    auto& to = *request.add_descriptors();
    for (auto& [key, value] : descriptor) {
      auto& entry = *to.add_entries();
      entry.set_key(key);
      entry.set_value(value);
    }
    const rls::RateLimitServiceClient client(world_.channel());
    return world_.run(client.ShouldRateLimit(request)).value();
  }
  bool passes(RateDescriptor descriptor, std::string domain = "shop") {
    return ask(std::move(descriptor), std::move(domain)).overall_code() ==
           rls::RateLimitResponse::OK;
  }
  std::string refused(std::string_view json) { return limits_.set(json).to_string(); }

  RateLimitServer limits_;
  testing::InProcess world_;
};

TEST_F(RateLimitServerTest, CountsEachValueForItselfInEachUnit) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  EXPECT_TRUE(passes({{"caller", "x"}}));
  const rls::RateLimitResponse second = ask({{"caller", "x"}});
  EXPECT_EQ(second.overall_code(), rls::RateLimitResponse::OK);
  EXPECT_EQ(second.statuses(0).limit_remaining(), 0U);
  EXPECT_EQ(second.statuses(0).current_limit().requests_per_unit(), 2U);
  EXPECT_FALSE(passes({{"caller", "x"}}));
  EXPECT_TRUE(passes({{"caller", "y"}}));
  world_.run_for(1s);
  EXPECT_TRUE(passes({{"caller", "x"}}));
  EXPECT_EQ(limits_.stats().over_limit, 1U);
}

TEST_F(RateLimitServerTest, TheRuleOfAValueGoesBeforeTheKeys) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(passes({{"caller", "ann"}}));
  EXPECT_FALSE(passes({{"caller", "bot"}}));
}

TEST_F(RateLimitServerTest, DescriptorsLeadDownTheTree) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  EXPECT_TRUE(passes({{"method", "/Place"}, {"caller", "x"}}));
  EXPECT_FALSE(passes({{"method", "/Place"}, {"caller", "x"}}));
  EXPECT_TRUE(passes({{"method", "/Place"}, {"caller", "y"}}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(passes({{"method", "/Place"}}));
    EXPECT_TRUE(passes({{"method", "/Get"}, {"caller", "x"}}));
    EXPECT_TRUE(passes({{"caller", "x"}}, "other"));
  }
}

TEST_F(RateLimitServerTest, SeveralCallsCountAtOnce) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  EXPECT_EQ(ask({{"caller", "x"}}, "shop", 3).overall_code(), rls::RateLimitResponse::OVER_LIMIT);
}

TEST_F(RateLimitServerTest, ValuesCannotPassAsOthers) {
  ASSERT_TRUE(limits_
                  .set(R"({"domains": [{"domain": "d", "descriptors": [{"key": "a",
                  "rate_limit": {"unit": "day", "requests_per_unit": 1}, "descriptors": [{"key": "b",
                  "rate_limit": {"unit": "day", "requests_per_unit": 1}}]}]}]})")
                  .ok());
  EXPECT_TRUE(passes({{"a", "1"}, {"b", "2"}}, "d"));
  EXPECT_TRUE(passes({{"a",
                       "1\x01"
                       "b2"}},
                     "d"));
  EXPECT_TRUE(passes({{"a", "11:b1:2"}}, "d"));
  EXPECT_TRUE(passes({{"a", "1"}}, "d"));
}

TEST_F(RateLimitServerTest, NothingIsLimitedBeforeTheLimitsAreThere) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(passes({{"caller", "x"}}));
}

TEST_F(RateLimitServerTest, IsAskedByTheMiddleware) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  const auto channel = std::shared_ptr<Channel>(std::shared_ptr<void>(), &world_.channel());
  const Middleware limited =
      shared_rate_limit(channel, {.domain = "shop", .descriptors = rate_by_caller}).value();
  const auto call = [&] {
    testing::ScriptedService handler(std::vector{testing::Script{.reads_requests = false}});
    testing::Chain chain(handler, {limited});
    Call made(Call::Side::Server, world_.client_host(), "/shop.Orders/Get", nullptr, nullptr);
    made.set_principal(std::make_shared<const Principal>(Principal{.subject = "x"}));
    return world_.run(chain.serve(made));
  };
  EXPECT_TRUE(call().ok());
  EXPECT_TRUE(call().ok());
  const Status refused = call();
  EXPECT_EQ(refused.code(), StatusCode::ResourceExhausted);
  EXPECT_LE(*retry_delay(refused), Duration(1s));
}

class FullRateLimitServerTest : public RateLimitServerTest {
 protected:
  FullRateLimitServerTest() : RateLimitServerTest({.max_counts = 16}) {}
};

TEST_F(FullRateLimitServerTest, WhatFindsNoRoomIsCountedAndPasses) {
  ASSERT_TRUE(limits_.set(kLimits).ok());
  for (int i = 0; i < 100; ++i) passes({{"caller", std::to_string(i)}});
  EXPECT_LE(limits_.stats().counts, 16U);
  EXPECT_GE(limits_.stats().not_counted, 84U);
  world_.run_for(2s);
  const std::uint64_t before = limits_.stats().not_counted;
  EXPECT_TRUE(passes({{"caller", "new"}}));
  EXPECT_EQ(limits_.stats().not_counted, before) << "counts that have ended make room";
}

TEST_F(RateLimitServerTest, NamesWhatIsWrongWithLimits) {
  EXPECT_THAT(refused("{}"), HasSubstr("domains"));
  EXPECT_THAT(refused(R"({"domains": [{"descriptors": []}]})"), HasSubstr("needs a \"domain\""));
  const auto rule = [this](std::string_view members) {
    return refused(R"({"domains": [{"domain": "d", "descriptors": [{)" + std::string(members) +
                   "}]}]}");
  };
  EXPECT_THAT(rule(R"("value": "x")"), HasSubstr("needs a \"key\""));
  EXPECT_THAT(rule(R"("key": "x", "rate_limit": {"unit": "week", "requests_per_unit": 1})"),
              HasSubstr("second, minute, hour or day"));
  EXPECT_THAT(rule(R"("key": "x", "rate_limit": {"unit": "day"})"), HasSubstr("requests_per_unit"));
  EXPECT_THAT(rule(R"("key": "x", "rate_limit": {"unit": "day", "requests_per_unit": -1})"),
              HasSubstr("a number of calls"));
  EXPECT_THAT(rule(R"("key": "x", "shadow": true)"), HasSubstr("shadow"));
  EXPECT_THAT(rule(R"("key": "x", "unlimited": true,
                      "rate_limit": {"unit": "day", "requests_per_unit": 1})"),
              HasSubstr("is unlimited"));
  EXPECT_THAT(rule(R"("key": "x"}, {"key": "x")"), HasSubstr("comes twice"));
  std::string deep = R"("key": "x")";
  for (int i = 0; i < 12; ++i) deep = R"("key": "x", "descriptors": [{)" + deep + "}]";
  EXPECT_THAT(rule(deep), HasSubstr("deeper than 10"));
}

}  // namespace
}  // namespace weft::security
