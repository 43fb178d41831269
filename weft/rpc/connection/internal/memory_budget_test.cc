#include "weft/rpc/connection/internal/memory_budget.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"

namespace weft::rpc {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * 1024;

struct Keeper final : MemoryKeeper {
  void on_memory_overfull() noexcept override { ++told; }
  void on_memory_freed() noexcept override { ++freed; }
  int told = 0;
  int freed = 0;
};

/// A server of 32 MiB whose connections may have 4 MiB each.
struct Budget : ::testing::Test {
  Budget() { server.set_limit(std::size_t{32} * kMiB); }
  std::unique_ptr<ConnectionMemory> connection() {
    return std::make_unique<ConnectionMemory>(loop, std::size_t{4} * kMiB);
  }
  ServerMemory server;
  Keeper keeper;
  LoopMemory loop{server, keeper};
};

TEST_F(Budget, ReachesTheServerInSteps) {
  const auto memory = connection();
  memory->add(60 * kKiB);
  EXPECT_EQ(server.held(), 0U);
  memory->add(10 * kKiB);
  EXPECT_EQ(server.held(), 70U * kKiB);
  memory->add(-70 * kKiB);
  EXPECT_EQ(server.held(), 0U);
  EXPECT_EQ(memory->held(), 0U);
}

TEST_F(Budget, IsGivenBackWithTheConnection) {
  auto memory = connection();
  memory->set_own(100 * kKiB);
  memory->add(100 * kKiB);
  EXPECT_EQ(server.held(), 200U * kKiB);
  memory.reset();
  EXPECT_EQ(server.held(), 0U);
}

TEST_F(Budget, OfAConnectionRefusesBeyondItsLimitAndNamesIt) {
  const auto memory = connection();
  memory->add(4 * kMiB);
  EXPECT_TRUE(memory->admit().ok());
  memory->add(1);
  const Status refused = memory->admit();
  EXPECT_EQ(refused.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("4194305"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("4194304"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ServerOptions::max_connection_memory"));
  memory->add(-1);
  EXPECT_TRUE(memory->admit().ok());
}

TEST_F(Budget, OfTheServerEndsFirstForConnectionsAboveTheirShare) {
  const auto large = connection();
  const auto small = connection();
  const auto others = connection();
  server.add(25 * kMiB);
  large->add(4 * kMiB - 1);
  EXPECT_TRUE(large->admit().ok()) << "a third of 16 MiB is its share";
  for (int i = 0; i < 6; ++i) server.connection_began();
  EXPECT_THAT(std::string(large->admit().message()), HasSubstr("ServerOptions::max_memory"));
  EXPECT_TRUE(small->admit().ok());
  server.add(-25 * kMiB);
  for (int i = 0; i < 6; ++i) server.connection_ended();
}

TEST_F(Budget, OfAnExhaustedServerServesSmallConnections) {
  const auto large = connection();
  const auto small = connection();
  server.add(33 * kMiB);
  small->add(2 * kMiB);
  large->add(2 * kMiB + 1);
  EXPECT_TRUE(small->admit().ok()) << "a quarter of its share, 8 MiB";
  EXPECT_FALSE(large->beyond_share());
  EXPECT_EQ(large->admit().code(), StatusCode::ResourceExhausted);
  server.add(-33 * kMiB);
}

TEST_F(Budget, TellsTheKeeperBeforeNothingIsLeft) {
  const auto memory = connection();
  server.add(27 * kMiB);
  memory->add(kMiB - 1);
  EXPECT_EQ(keeper.told, 0);
  memory->add(100 * kKiB);
  EXPECT_EQ(keeper.told, 1);
  EXPECT_FALSE(server.exhausted());
  memory->add(-100 * kKiB);
  EXPECT_EQ(keeper.told, 1) << "what is given back is no reason to act";
  server.add(-27 * kMiB);
}

TEST_F(Budget, OfACallOutlivesItsConnection) {
  net::SimNetwork network(1);
  WaitingReads waiting;
  auto of_call = ConnectionAccount::Ref::make(network.host("server"), loop, waiting, kMiB, 0);
  {
    const auto of_connection = of_call;
    of_connection->memory.set_own(10000);
    of_connection->memory.call_began(5000);
    of_connection->memory.set_own(0);
  }
  EXPECT_EQ(of_call->memory.calls(), 1U);
  EXPECT_EQ(of_call->memory.held(), 5000U);
  of_call->memory.call_ended(5000);
  EXPECT_EQ(of_call->memory.calls(), 0U);
  EXPECT_EQ(of_call->memory.held(), 0U);
}

TEST_F(Budget, TellsTheKeeperWhenMostOfAPeakWasFreed) {
  const auto memory = connection();
  memory->add(100 * kMiB);
  memory->add(-40 * kMiB);
  EXPECT_EQ(keeper.freed, 0) << "more than half of it is there";
  memory->add(-20 * kMiB);
  EXPECT_EQ(keeper.freed, 1);
  server.forget_peak();
  memory->add(-20 * kMiB);
  EXPECT_EQ(keeper.freed, 1) << "20 MiB are not worth it";
  memory->add(-20 * kMiB);
}

TEST_F(Budget, OfAClientHasNoLimit) {
  const ConnectionMemory memory;
  EXPECT_FALSE(memory.bounded());
  EXPECT_FALSE(memory.scarce());
  EXPECT_TRUE(memory.admit().ok());
}

TEST(BudgetOptions, FollowTheLargestMessageWhereNothingIsSaid) {
  EXPECT_EQ(connection_memory_limit({}), std::size_t{256} * kMiB);
  EXPECT_EQ(server_memory_limit({}), std::size_t{1024} * kMiB);
  const ServerOptions large{.max_receive_size = std::size_t{100} * kMiB};
  EXPECT_EQ(connection_memory_limit(large), std::size_t{800} * kMiB);
  EXPECT_EQ(server_memory_limit(large), std::size_t{3200} * kMiB);
  const ServerOptions unlimited{.max_receive_size = SIZE_MAX};
  EXPECT_EQ(connection_memory_limit(unlimited), SIZE_MAX);
  const ServerOptions given{.max_connection_memory = 1, .max_memory = 2};
  EXPECT_EQ(connection_memory_limit(given), 1U);
  EXPECT_EQ(server_memory_limit(given), 2U);
}

}  // namespace
}  // namespace weft::rpc
