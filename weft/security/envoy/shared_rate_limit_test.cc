#include "weft/security/envoy/shared_rate_limit.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/grpc/google_status.h"
#include "weft/security/envoy/internal/test_world.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Base : public rls::RateLimitServiceService {
  Task<Result<rls::RateLimitResponse>> ShouldRateLimit(ServerContext&,
                                                       const rls::RateLimitRequest& request) final {
    return asked(request);
  }
  virtual Task<Result<rls::RateLimitResponse>> asked(const rls::RateLimitRequest& request) = 0;
};

struct Events final : PolicyObserver {
  void on_policy(const PolicyEvent& event) noexcept override { seen.emplace_back(event.event); }
  std::vector<std::string> seen;
};

class SharedRateLimitTest : public ::testing::Test {
 protected:
  Middleware limited(SharedRateLimitOptions options) {
    options.domain = "shop";
    options.observer = &events_;
    return shared_rate_limit(world_.channel(), std::move(options)).value();
  }
  Middleware limited() { return limited({.descriptors = rate_by_caller}); }
  static rls::RateLimitResponse answer(rls::RateLimitResponse::Code code) {
    rls::RateLimitResponse response;
    response.set_overall_code(code);
    return response;
  }

  Events events_;
  test::World<Base, rls::RateLimitRequest, rls::RateLimitResponse> world_;
};

TEST_F(SharedRateLimitTest, CountsACallByItsDescriptors) {
  rls::RateLimitResponse response = answer(rls::RateLimitResponse::OK);
  auto& header = *response.add_response_headers_to_add();
  header.set_key("X-RateLimit-Remaining");
  header.set_value("3");
  world_.answer(response);
  world_.set_principal({.subject = "ann", .scheme = "api-key"});
  EXPECT_TRUE(world_.call(limited()).ok());
  ASSERT_EQ(world_.asked().size(), 1U);
  const rls::RateLimitRequest& asked = world_.asked()[0];
  EXPECT_EQ(asked.domain(), "shop");
  ASSERT_EQ(asked.descriptors_size(), 1);
  EXPECT_EQ(asked.descriptors(0).entries(0).key(), "caller");
  EXPECT_EQ(asked.descriptors(0).entries(0).value(), "api-key/ann");
  EXPECT_EQ(world_.response_field("x-ratelimit-remaining"), "3");
}

TEST_F(SharedRateLimitTest, SaysWhenThereIsRoomAgain) {
  rls::RateLimitResponse response = answer(rls::RateLimitResponse::OVER_LIMIT);
  auto& over = *response.add_statuses();
  over.set_code(rls::RateLimitResponse::OVER_LIMIT);
  over.mutable_duration_until_reset()->set_seconds(30);
  auto& not_over = *response.add_statuses();
  not_over.set_code(rls::RateLimitResponse::OK);
  not_over.mutable_duration_until_reset()->set_seconds(300);
  world_.answer(response);
  const Status refused = world_.call(limited());
  EXPECT_EQ(refused.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(retry_delay(refused), Duration(30s));
  EXPECT_FALSE(world_.was_served());
  EXPECT_THAT(events_.seen, ElementsAre("rejected"));
}

TEST_F(SharedRateLimitTest, DoesNotAskWithoutADescriptor) {
  const auto none = [](const Call&) { return std::vector<RateDescriptor>(); };
  EXPECT_TRUE(world_.call(limited({.descriptors = none})).ok());
  EXPECT_TRUE(world_.asked().empty());
}

TEST_F(SharedRateLimitTest, LetsCallsPassWhileTheServiceIsAway) {
  world_.answer([](const auto&) { return unavailable("away"); });
  EXPECT_TRUE(world_.call(limited()).ok());
  world_.answer(nullptr);
  EXPECT_TRUE(world_.call(limited()).ok());
  world_.answer(answer(rls::RateLimitResponse::UNKNOWN));
  EXPECT_TRUE(world_.call(limited()).ok());
  EXPECT_THAT(events_.seen, ElementsAre("failed_open", "failed_open", "failed_open"));
}

TEST_F(SharedRateLimitTest, RefusesOrFallsBackWhereThatIsAskedFor) {
  world_.answer([](const auto&) { return unavailable("away"); });
  EXPECT_EQ(world_
                .call(limited({.descriptors = rate_by_method,
                               .when_away = SharedRateLimitOptions::WhenAway::Deny}))
                .code(),
            StatusCode::Unavailable);
  const Middleware full = [](Call&, Next) {
    return Task<Status>(resource_exhausted("of this process"));
  };
  EXPECT_EQ(world_.call(limited({.descriptors = rate_by_method, .fallback = full})).to_string(),
            "RESOURCE_EXHAUSTED: of this process");
  EXPECT_THAT(events_.seen, ElementsAre("failed", "fallback"));
}

TEST_F(SharedRateLimitTest, ATimeThatNobodyCanWaitForIsCut) {
  rls::RateLimitResponse response = answer(rls::RateLimitResponse::OVER_LIMIT);
  auto& over = *response.add_statuses();
  over.set_code(rls::RateLimitResponse::OVER_LIMIT);
  over.mutable_duration_until_reset()->set_seconds(INT64_MAX);
  over.mutable_duration_until_reset()->set_nanos(-5);
  world_.answer(response);
  EXPECT_EQ(retry_delay(world_.call(limited())), Duration(366 * 24h));
}

TEST_F(SharedRateLimitTest, NamesTheOptionThatIsWrong) {
  const auto wrong = [this](SharedRateLimitOptions options) {
    return shared_rate_limit(world_.channel(), std::move(options)).status().to_string();
  };
  EXPECT_THAT(wrong({.descriptors = rate_by_caller}), HasSubstr("domain is empty"));
  EXPECT_THAT(wrong({.domain = "shop"}), HasSubstr("descriptors is empty"));
}

}  // namespace
}  // namespace weft::security
