#include <gtest/gtest.h>

#include "weft/rpc/client/balancing.h"

namespace {

// The code of docs/guide/load-balancing.md, so that it goes on compiling.
TEST(LoadBalancingGuide, ShowsPossibleOptions) {
  const weft::Balancing by_user = weft::ring_hash({.request_hash_header = "x-user"});
  const weft::Balancing bounded =
      weft::maglev({.request_hash_header = "x-user", .hash_balance_factor = 125});
  const weft::Balancing near =
      weft::prefer_zone({.zone = "eu-1a", .within = weft::least_request()});
  const weft::Balancing gentle =
      weft::least_request({.slow_start = {.window = std::chrono::seconds(30)}});
  const weft::Balancing by_load = weft::weighted_round_robin();
  for (const weft::Balancing& policy : {by_user, bounded, near, gentle, by_load}) {
    EXPECT_TRUE(policy->valid().ok());
  }
  const weft::BalancingOptions balancing{.policy = weft::least_request(),
                                         .outlier_detection = weft::OutlierOptions{}};
  EXPECT_TRUE(balancing.valid().ok());
  const weft::BalancingOptions some{
      .policy = weft::least_request(), .subset_size = 20, .subset_client = "frontend-7"};
  EXPECT_TRUE(some.valid().ok());
}

}  // namespace
