// ServerOptions::announce: what a server tells registries of itself, and when it leaves them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/resolvers/announcer.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/announce/internal/announced_address.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::InProcess;
using ::testing::IsEmpty;

/// The registry at the other end of `test://`, in the test's own hands.
struct TestRegistry {
  std::map<std::string, cluster::Endpoint> there;
  Duration withdraw_time{};
  Status withdraw_status;
  int withdrawn = 0;
};
TestRegistry* the_registry = nullptr;

class TestAnnouncer final : public cluster::Announcer {
 public:
  explicit TestAnnouncer(std::string path) : path_(std::move(path)) {}
  Task<> run(cluster::Endpoint self) override {
    the_registry->there[path_] = self;
    const Status ended = co_await net::sleep(kForever);
    EXPECT_EQ(ended.code(), StatusCode::Cancelled);
    ended_ = true;
  }
  Task<Status> withdraw() override {
    EXPECT_TRUE(ended_);
    const Status slept = co_await net::sleep(the_registry->withdraw_time);
    if (!slept.ok()) co_return slept;
    the_registry->there.erase(path_);
    ++the_registry->withdrawn;
    co_return the_registry->withdraw_status;
  }

 private:
  std::string path_;
  bool ended_ = false;
};

Result<std::unique_ptr<cluster::Announcer>> make_test_announcer(
    net::Loop&, const cluster::TargetParts& target) {
  if (target.path.empty()) return invalid_argument("'" + target.text + "': the service is missing");
  return std::unique_ptr<cluster::Announcer>(std::make_unique<TestAnnouncer>(target.path));
}

class Announce : public ::testing::Test {
 protected:
  Announce() {
    the_registry = &registry;
    cluster::register_announcer("test", &make_test_announcer);
    options.server.announce = "test:///greeter";
    options.server.announce_options = {.name = "me", .weight = 3, .zone = "a"};
  }
  InProcess& begin() {
    world = std::make_unique<InProcess>(options);
    world->add<Kinds>();
    world->start();
    world->run_for(10ms);
    return *world;
  }
  void stop(Duration grace = 10s) {
    world->server_host().enter([&] { world->server().stop(grace); });
    world->run_for(1ms);
  }
  Status call() {
    const test::Text request = text("a");
    return world->run(test::unary(world->channel(), request)).status();
  }

  TestRegistry registry;
  InProcess::Options options;
  std::unique_ptr<InProcess> world;
};

TEST_F(Announce, AnnouncesTheServersAddressAndAttributes) {
  options.server.announce_options.also = {"test:///second"};
  options.server.announce_options.attributes = {{"version", "2"}};
  begin();
  ASSERT_EQ(registry.there.size(), 2U);
  EXPECT_EQ(registry.there["greeter"],
            (cluster::Endpoint{.addresses = {net::Address::memory("server", InProcess::kPort)},
                               .name = "me",
                               .weight = 3,
                               .zone = "a",
                               .attributes = {{"version", "2"}}}));
  EXPECT_EQ(registry.there["second"], registry.there["greeter"]);
}

TEST_F(Announce, TellsTheMachinesNameWhereThereIsNoOther) {
  options.server.announce_options.name = "";
  begin();
  EXPECT_NE(registry.there["greeter"].name, "");
}

TEST_F(Announce, AStopLeavesTheRegistryBeforeAnythingIsRefused) {
  registry.withdraw_time = 500ms;
  begin();
  ASSERT_TRUE(call().ok());
  stop();
  EXPECT_EQ(registry.there.size(), 1U);
  EXPECT_TRUE(call().ok()) << "clients find it still";
  world->run_for(600ms);
  EXPECT_THAT(registry.there, IsEmpty());
  EXPECT_EQ(registry.withdrawn, 1);
  EXPECT_EQ(call().code(), StatusCode::Unavailable);
}

TEST_F(Announce, ASilentRegistryDelaysAStopBriefly) {
  registry.withdraw_time = kForever;
  begin();
  stop();
  world->run_for(1900ms);
  EXPECT_TRUE(call().ok());
  world->run_for(200ms);
  EXPECT_EQ(call().code(), StatusCode::Unavailable);
}

TEST_F(Announce, AStopAtOnceDoesNotWaitForTheRegistry) {
  registry.withdraw_time = 1s;
  begin();
  stop(0s);
  world->run_for(10ms);
  EXPECT_EQ(call().code(), StatusCode::Unavailable);
  world->run_for(1s);
  EXPECT_EQ(registry.withdrawn, 1) << "which goes on by itself";
}

TEST_F(Announce, AServerThatIsDestroyedLeavesToo) {
  registry.withdraw_time = 1s;
  begin();
  auto owned = std::make_unique<Server>(ServerOptions{
      .listen = ":81", .announce = "test:///owned", .loops = {&world->server_host()}});
  world->server_host().enter([&] { ASSERT_TRUE(owned->start().ok()); });
  world->run_for(1ms);
  EXPECT_EQ(registry.there.count("owned"), 1U);
  world->server_host().enter([&] { owned.reset(); });
  world->run_for(2s);
  EXPECT_EQ(registry.there.count("owned"), 0U);
}

TEST_F(Announce, AWeightAboveTheLimitFailsTheStart) {
  begin();
  Server server(ServerOptions{.listen = ":81",
                              .announce = "test:///a",
                              .announce_options = {.weight = 1001},
                              .loops = {&world->server_host()}});
  world->server_host().enter([&] {
    EXPECT_EQ(server.start(), invalid_argument("cannot announce: AnnounceOptions::weight is 1001, "
                                               "more than 1000"));
  });
}

TEST_F(Announce, AnUnusableTargetFailsTheStart) {
  begin();
  Server server(
      ServerOptions{.listen = ":81", .announce = "test:///", .loops = {&world->server_host()}});
  world->server_host().enter([&] {
    const Status status = server.start();
    EXPECT_EQ(status, invalid_argument("cannot announce: 'test:///': the service is missing"));
    EXPECT_THAT(server.addresses(), IsEmpty());
  });
  Server unknown(
      ServerOptions{.listen = ":81", .announce = "nowhere:///a", .loops = {&world->server_host()}});
  world->server_host().enter([&] {
    const Status status = unknown.start();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("'nowhere'"));
  });
  Server address(ServerOptions{.listen = ":81",
                               .announce = "test:///a",
                               .announce_options = {.address = "example.org:80"},
                               .loops = {&world->server_host()}});
  world->server_host().enter([&] {
    EXPECT_THAT(std::string(address.start().message()),
                HasSubstr("AnnounceOptions::address 'example.org:80'"));
  });
}

TEST_F(Announce, AServerOfItsOwnThreadsLeavesWhenItStops) {
  Server server(ServerOptions{.listen = "127.0.0.1:0", .announce = "test:///threads"});
  ASSERT_TRUE(server.start().ok());
  server.stop();
  EXPECT_EQ(registry.withdrawn, 1);
}

std::vector<std::string> texts(const Result<std::vector<net::Address>>& addresses) {
  std::vector<std::string> texts;
  if (!addresses.ok()) return {addresses.status().to_string()};
  for (const net::Address& address : *addresses) texts.push_back(address.to_string());
  return texts;
}

net::Address ip(const std::string& host, std::uint16_t port) {
  return *net::Address::ip(host, port);
}

TEST(AnnouncedAddress, IsWhatIsListenedOn) {
  EXPECT_THAT(texts(announced_addresses("", {ip("10.0.0.1", 80), ip("10.0.0.2", 81)})),
              ElementsAre("10.0.0.1:80", "10.0.0.2:81"));
}

TEST(AnnouncedAddress, IsLocalOnlyWhereThereIsNoOther) {
  const net::Address socket = net::Address::unix_path("/x");
  EXPECT_THAT(texts(announced_addresses("", {ip("10.0.0.1", 80), socket, ip("127.0.0.1", 80)})),
              ElementsAre("10.0.0.1:80"));
  EXPECT_THAT(texts(announced_addresses("", {socket, ip("127.0.0.1", 80)})),
              ElementsAre("unix:/x", "127.0.0.1:80"));
}

TEST(AnnouncedAddress, IsNeverEveryInterface) {
  const auto found = announced_addresses("", {ip("::", 80), ip("0.0.0.0", 80)});
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U) << "both are the same machine";
  EXPECT_EQ(found->front().host(), routable_host());
  EXPECT_NE(routable_host(), "0.0.0.0");
  EXPECT_NE(routable_host(), "::");
}

TEST(AnnouncedAddress, TakesAMissingPortFromTheListener) {
  const std::vector listening{ip("::", 80)};
  EXPECT_THAT(texts(announced_addresses("10.0.0.1:443", listening)), ElementsAre("10.0.0.1:443"));
  EXPECT_THAT(texts(announced_addresses("10.0.0.1", listening)), ElementsAre("10.0.0.1:80"));
  EXPECT_THAT(texts(announced_addresses("2001:db8::1", listening)),
              ElementsAre("[2001:db8::1]:80"));
  EXPECT_THAT(texts(announced_addresses("[2001:db8::1]:443", listening)),
              ElementsAre("[2001:db8::1]:443"));
  EXPECT_THAT(texts(announced_addresses("0.0.0.0:1", listening)),
              ElementsAre(HasSubstr("nothing that a client can connect to")));
  EXPECT_THAT(texts(announced_addresses("host:1", listening)),
              ElementsAre(HasSubstr("AnnounceOptions::address 'host:1'")));
}

}  // namespace
}  // namespace weft::rpc
