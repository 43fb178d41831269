#include "weft/security/authorization.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kOrdersOnly = R"({"name": "p",
    "allow_rules": [{"name": "orders", "request": {"paths": ["/shop.Orders/*"]}}],
    "audit_logging_options": {"audit_condition": "ON_DENY_AND_ALLOW"}})";
constexpr std::string_view kAll = R"({"name": "p", "allow_rules": [{"name": "all"}]})";

/// Remembers the events.
struct Events final : PolicyObserver {
  void on_policy(const PolicyEvent& event) noexcept override {
    seen.push_back(std::string(event.policy).append(" ").append(event.event));
  }
  std::vector<std::string> seen;
};

class AuthorizationTest : public ::testing::Test {
 protected:
  Status call(const Authorization& authorization, std::string_view path) {
    testing::ScriptedService handler(std::vector{testing::Script{.reads_requests = false}});
    testing::Chain chain(handler, {authorization.middleware()});
    Call made(Call::Side::Server, loop_, path, nullptr, nullptr);
    return testing::run(loop_, chain.serve(made));
  }
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
};

TEST_F(AuthorizationTest, DeniesAllBeforeTheFirstPolicy) {
  const Status denied = call(Authorization(), "/shop.Orders/Get");
  EXPECT_EQ(denied.code(), StatusCode::PermissionDenied);
  EXPECT_THAT(std::string(denied.message()), HasSubstr("no authorization policy"));
}

TEST_F(AuthorizationTest, LetsCallsPassThatThePolicyAllows) {
  Events events;
  Authorization authorization({.observer = &events});
  ASSERT_TRUE(authorization.set(kOrdersOnly).ok());
  EXPECT_TRUE(call(authorization, "/shop.Orders/Get").ok());
  EXPECT_EQ(call(authorization, "/shop.Admin/Reset").code(), StatusCode::PermissionDenied);
  EXPECT_THAT(events.seen, ElementsAre("authorization denied"));
}

TEST_F(AuthorizationTest, ANewPolicyHoldsForTheNextCall) {
  Authorization authorization;
  ASSERT_TRUE(authorization.set(kOrdersOnly).ok());
  EXPECT_FALSE(call(authorization, "/shop.Admin/Reset").ok());
  ASSERT_TRUE(authorization.set(kAll).ok());
  EXPECT_TRUE(call(authorization, "/shop.Admin/Reset").ok());
}

TEST_F(AuthorizationTest, AWrongPolicyChangesNothing) {
  Authorization authorization;
  ASSERT_TRUE(authorization.set(kOrdersOnly).ok());
  EXPECT_EQ(authorization.set("{}").code(), StatusCode::InvalidArgument);
  EXPECT_TRUE(call(authorization, "/shop.Orders/Get").ok());
  EXPECT_FALSE(call(authorization, "/shop.Admin/Reset").ok());
}

TEST_F(AuthorizationTest, ADryRunTellsWhatWouldBeDenied) {
  Events events;
  Authorization authorization({.mode = AuthorizationOptions::Mode::DryRun, .observer = &events});
  ASSERT_TRUE(authorization.set(kOrdersOnly).ok());
  EXPECT_TRUE(call(authorization, "/shop.Admin/Reset").ok());
  EXPECT_THAT(events.seen, ElementsAre("authorization would_deny"));
}

TEST_F(AuthorizationTest, RecordsTheDecisionsThatThePolicyNames) {
  std::vector<std::string> records;
  Authorization authorization(
      {.on_decision = [&](const Call& made, const security::AuthorizationDecision& decision) {
        records.push_back(std::string(made.path()) + (decision.allowed ? " by " : " denied") +
                          std::string(decision.rule));
      }});
  ASSERT_TRUE(authorization.set(kOrdersOnly).ok());
  static_cast<void>(call(authorization, "/shop.Orders/Get"));
  static_cast<void>(call(authorization, "/shop.Admin/Reset"));
  ASSERT_TRUE(authorization.set(kAll).ok());  // records nothing
  static_cast<void>(call(authorization, "/shop.Orders/Get"));
  EXPECT_THAT(records, ElementsAre("/shop.Orders/Get by p_orders", "/shop.Admin/Reset denied"));
}

}  // namespace
}  // namespace weft
