#include "weft/middleware/internal/method_names.h"

#include <memory>

#include <gtest/gtest.h>

#include "weft/rpc/health.h"

namespace weft::middleware {
namespace {

TEST(MethodNames, OfLinkedServicesAreKnown) {
  // So that the service is linked.
  const auto health = std::make_shared<HealthRegistry>();
  ASSERT_NE(make_health_service(health), nullptr);
  EXPECT_EQ(doubt_about("grpc.health.v1.Health", "Check"), "");
  EXPECT_EQ(doubt_about("grpc.health.v1.Health", ""), "");
  EXPECT_EQ(doubt_about("", ""), "");
}

TEST(MethodNames, ThatNobodyHasAreDoubted) {
  EXPECT_TRUE(doubt_about("grpc.health.v1.Health", "check")
                  .starts_with("grpc.health.v1.Health has no method 'check'; it has Check "));
  EXPECT_EQ(doubt_about("grpc.health.v1.Helth", "Check"),
            "no service of this program is called 'grpc.health.v1.Helth'");
}

}  // namespace
}  // namespace weft::middleware
