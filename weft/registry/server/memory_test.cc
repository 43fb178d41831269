// What the registry really takes from the heap, against what it says it takes.

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/registry/internal/test_registry.h"
#include "weft/testing/allocations.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Memory : public ::testing::Test {
 protected:
  void begin(const RegistryOptions& options) {
    registry = std::make_unique<test::SimRegistry>(network, "registry", options);
  }
  /// An instance with many attributes of a few bytes, whose parsed message is far larger than its
  /// bytes.
  static v1::RegisterRequest request(int number, int attributes) {
    v1::RegisterRequest request;
    request.set_service("service" + std::to_string(number % 100));
    request.set_ttl_ms(3'600'000);
    request.mutable_instance()->set_id("instance-" + std::to_string(number));
    request.mutable_instance()->add_addresses("10.0.0.1:80");
    for (int i = 0; i < attributes; ++i) {
      (*request.mutable_instance()->mutable_attributes())["a" + std::to_string(i)] = "1";
    }
    return request;
  }
  /// Registers until the registry takes no more; why.
  Status fill(const std::string& host, int attributes, int from, int upto, int same = 0) {
    Channel channel("registry:7070");
    for (int i = from; i < upto; ++i) {
      const auto response = testing::run(
          network.host(host),
          v1::RegistryClient{channel}.Register(request(same == 0 ? i : i % same, attributes)),
          1min);
      if (!response.ok()) return response.status();
    }
    return {};
  }

  net::SimNetwork network{1};
  std::unique_ptr<test::SimRegistry> registry;
};

TEST_F(Memory, OfInstancesIsBoundedByWhatTheyReallyTake) {
  constexpr std::size_t kBudget = 4 << 20;
  constexpr std::size_t kHistory = 1 << 20;
  begin({.max_memory = kBudget, .max_memory_per_client = kBudget, .max_history_memory = kHistory});
  EXPECT_TRUE(fill("warm", 1, 0, 1).ok());
  const std::ptrdiff_t before = testing::live_bytes;
  const Status full = fill("client", 64, 1, 100'000);
  EXPECT_EQ(full.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(full.message()),
              HasSubstr("the registry has its limit of 4194304 bytes of instances "
                        "(RegistryOptions::max_memory)"));
  network.run_for(1s);
  const auto taken = static_cast<std::size_t>(testing::live_bytes - before);
#if !WEFT_TSAN
  EXPECT_LE(taken, (kBudget + kHistory) * 5 / 4);
  EXPECT_GE(taken, kBudget / 3) << "so much is refused only where it is needed";
#endif
  EXPECT_GT(registry->service().instances(), 2000U);
}

TEST_F(Memory, OfTheHistoryIsBounded) {
  constexpr std::size_t kHistory = 1 << 20;
  begin({.max_history_memory = kHistory});
  EXPECT_TRUE(fill("client", 64, 0, 10, 1).ok());
  const std::ptrdiff_t before = testing::live_bytes;
  EXPECT_TRUE(fill("client", 64, 0, 3000, 1).ok()) << "the same instance again and again";
  network.run_for(1s);
#if !WEFT_TSAN
  EXPECT_LE(testing::live_bytes - before, static_cast<std::ptrdiff_t>(kHistory * 5 / 4));
#endif
  EXPECT_EQ(registry->service().instances(), 1U);
}

TEST_F(Memory, OfOneClientLeavesRoomForOthers) {
  begin({.max_memory = 4 << 20, .max_memory_per_client = 1 << 20});
  const Status full = fill("greedy", 64, 0, 100'000);
  EXPECT_THAT(std::string(full.message()),
              HasSubstr("client memory:greedy has its limit of 1048576 bytes of instances "
                        "(RegistryOptions::max_memory_per_client)"));
  EXPECT_TRUE(fill("other", 64, 100'000, 100'100).ok());
}

TEST_F(Memory, IsGivenBackWhenInstancesGo) {
  begin({.max_memory = 1 << 20, .max_memory_per_client = 1 << 20});
  EXPECT_FALSE(fill("client", 64, 0, 100'000).ok());
  const std::size_t held = registry->service().instances();
  network.run_for(2h);
  EXPECT_EQ(registry->service().instances(), 0U);
  EXPECT_FALSE(fill("client", 64, 0, 100'000).ok());
  EXPECT_EQ(registry->service().instances(), held);
}

TEST_F(Memory, IsGivenBackWhenAnInstanceCannotBeStored) {
  begin({.max_memory = 1 << 20, .max_memory_per_client = 1 << 20});
  registry->store().fault = [] { return resource_exhausted("disk full"); };
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(fill("client", 64, i, i + 1).message(), "disk full");
  }
  registry->store().fault = nullptr;
  EXPECT_TRUE(fill("client", 64, 0, 100).ok());
}

TEST_F(Memory, IsAccountedForAfterARestart) {
  begin({.max_instances_per_client = 10});
  EXPECT_TRUE(fill("client", 1, 0, 10).ok());
  registry->kill();
  network.run_for(1s);
  registry->start();
  EXPECT_THAT(std::string(fill("client", 1, 10, 11).message()),
              HasSubstr("client memory:client has its limit of 10 instances"));
  EXPECT_TRUE(fill("other", 1, 10, 11).ok());
}

}  // namespace
}  // namespace weft::registry
