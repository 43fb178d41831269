// What NATS' own tools see of a server (NATS ADR-32).

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "weft/messaging/nats/internal/test_nats.h"

namespace weft::nats {
namespace {

using namespace test;
using Json = nlohmann::json;

/// The answer to a request of a tool; null where there is none.
Json ask(World& world, const std::string& subject) {
  world.broker.contents.clear();
  world.broker.publish(subject, "tool", "", "");
  world.network.run_for(100ms);
  if (world.broker.published.empty() || world.broker.published.back() != "tool") return {};
  if (world.broker.contents.empty()) return {};
  const std::string& content = world.broker.contents.back();
  return Json::parse(content.substr(content.find('{')));
}

TEST(NatsMicro, ListsAServerAndItsMethods) {
  World world;
  world.start_server();
  const Json ping = ask(world, "$SRV.PING");
  EXPECT_EQ(ping["type"], "io.nats.micro.v1.ping_response");
  EXPECT_EQ(ping["name"], "test_Echo");
  const Json info = ask(world, "$SRV.INFO.test_Echo");
  EXPECT_EQ(info["id"], ping["id"]);
  EXPECT_EQ(info["endpoints"].size(), 2U);
  EXPECT_EQ(info["endpoints"][0]["name"], "Echo");
  EXPECT_EQ(info["endpoints"][0]["subject"], "shop.test.Echo.Echo");
  EXPECT_EQ(info["endpoints"][0]["queue_group"], "q");
}

TEST(NatsMicro, CountsCallsAndErrors) {
  World world;
  world.start_server();
  ASSERT_TRUE(world.call("x").ok());
  ASSERT_FALSE(world.call("fail").ok());
  ASSERT_TRUE(world.call("sleep").ok());
  const std::string id = ask(world, "$SRV.PING")["id"];
  const Json stats = ask(world, "$SRV.STATS.test_Echo." + id);
  EXPECT_EQ(stats["type"], "io.nats.micro.v1.stats_response");
  const Json echo = stats["endpoints"][0];
  EXPECT_EQ(echo["num_requests"], 3);
  EXPECT_EQ(echo["num_errors"], 1);
  EXPECT_EQ(echo["last_error"], "NOT_FOUND");
  EXPECT_GE(echo["processing_time"], 10'000'000'000);
  EXPECT_LT(echo["average_processing_time"], 4'000'000'000);
}

TEST(NatsMicro, AnswersOnlyToItsOwnNameAndId) {
  World world;
  world.start_server();
  EXPECT_TRUE(ask(world, "$SRV.PING.other").is_null());
  EXPECT_TRUE(ask(world, "$SRV.PING.test_Echo.other").is_null());
  EXPECT_TRUE(ask(world, "$SRV.NOTHING").is_null());
}

TEST(NatsMicro, DropsAFloodOfRequests) {
  constexpr int kRequests = 4000;
  World world;
  world.start_server();
  const std::uint64_t before = dropped_messages();
  // In one piece, to the subscription of $SRV.INFO.
  std::string flood;
  for (int i = 0; i < kRequests; ++i) flood += "MSG $SRV.INFO 5 tool 0\r\n\r\n";
  world.broker.send(flood);
  world.network.run_for(1s);
  EXPECT_GT(dropped_messages() - before, 100U);
  EXPECT_EQ(ask(world, "$SRV.PING")["name"], "test_Echo");
  ASSERT_TRUE(world.call("x").ok());
}

TEST(NatsMicro, IsSilentWhereItIsTurnedOff) {
  Options options;
  options.micro = false;
  World world(options);
  world.start_server();
  EXPECT_TRUE(ask(world, "$SRV.PING").is_null());
  EXPECT_EQ(world.broker.received.find("$SRV"), std::string::npos);
}

}  // namespace
}  // namespace weft::nats
