#include "weft/testing/in_process.h"

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/testing/scripted_peer.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;

Task<int> after_a_while(Duration time) {
  static_cast<void>(co_await net::sleep(time));
  co_return 7;
}

Task<> for_ever(bool& dropped) {
  struct Notes {
    bool& flag;
    ~Notes() { flag = true; }
  };
  const Notes notes{dropped};
  Event never;
  static_cast<void>(co_await never.wait());
}

Task<int> thrower() {
  static_cast<void>(co_await net::sleep(1s));
  throw std::runtime_error("as it should");
}

TEST(Run, GivesTheTasksResultInVirtualTime) {
  net::SimNetwork network(1);
  const TimePoint begun = network.now();
  EXPECT_EQ(run(network.host("a"), after_a_while(30min)), 7);
  EXPECT_EQ(network.now() - begun, Duration(30min));
}

TEST(Run, DestroysATaskThatNothingCanEnd) {
  net::SimNetwork network(1);
  bool dropped = false;
  EXPECT_THROW(run(network.host("a"), for_ever(dropped)), DidNotHappen);
  EXPECT_TRUE(dropped);
}

TEST(Run, GivesUpAtItsLimit) {
  net::SimNetwork network(1);
  const TimePoint begun = network.now();
  EXPECT_THROW(run(network.host("a"), after_a_while(2h), 5s), DidNotHappen);
  EXPECT_EQ(network.now() - begun, Duration(5s));
}

TEST(Run, RethrowsWhatTheTaskThrows) {
  net::SimNetwork network(1);
  EXPECT_THROW(run(network.host("a"), thrower()), std::runtime_error);
}

TEST(Run, WorksOnALoopOfLifeToo) {
  net::AsioLoop loop;
  EXPECT_EQ(run(loop, after_a_while(1ms)), 7);
  bool dropped = false;
  EXPECT_THROW(run(loop, for_ever(dropped), 10ms), DidNotHappen);
  EXPECT_TRUE(dropped);
}

TEST(InProcess, StartsItsServerWithTheFirstChannel) {
  InProcess world;
  EXPECT_TRUE(world.server().addresses().empty());
  world.channel();
  EXPECT_EQ(world.server().addresses().size(), 1U);
  InProcess broken({.server = {.health = false, .reflection = false}});
  broken.server().listen("no address");
  EXPECT_THROW(broken.channel(), DidNotHappen);
}

TEST(InProcess, MayBeMadeAndForgotten) { InProcess world; }

TEST(ScriptedPeer, ReportsWhatDidNotComeWithWhatDid) {
  InProcess world;
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->expect(FrameType::Settings);
  try {
    peer->expect(FrameType::Goaway, ScriptedPeer::kAnyStream, 1s);
    FAIL() << "a GOAWAY came";
  } catch (const DidNotHappen& error) {
    EXPECT_NE(std::string(error.what()).find("no frame such as GOAWAY"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("SETTINGS ack"), std::string::npos) << error.what();
  }
}

TEST(ScriptedPeer, GivesEachFrameOnce) {
  InProcess world;
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(ping("12345678") + ping("abcdefgh"));
  EXPECT_EQ(peer->expect(FrameType::Ping).payload, "12345678");
  EXPECT_EQ(peer->expect(FrameType::Ping).payload, "abcdefgh");
  EXPECT_THROW(peer->expect(FrameType::Ping, ScriptedPeer::kAnyStream, 1s), DidNotHappen);
}

TEST(ScriptedPeer, DoesNotConnectWhereNobodyListens) {
  net::SimNetwork network(1);
  network.host("server");
  EXPECT_THROW(ScriptedPeer::connect(network.host("client"), "server", 1), DidNotHappen);
}

TEST(ScriptedServer, HandsOutItsConnectionsInOrder) {
  net::SimNetwork network(1);
  ScriptedServer server(network.host("server"), 1);
  auto first = ScriptedPeer::connect(network.host("client"), "server", 1);
  first->send(ping("first..."));
  auto second = ScriptedPeer::connect(network.host("client"), "server", 1);
  second->send(ping("second.."));
  EXPECT_EQ(server.accept().expect(FrameType::Ping).payload, "first...");
  EXPECT_EQ(server.accept().expect(FrameType::Ping).payload, "second..");
  EXPECT_THROW(server.accept(1s), DidNotHappen);
  server.stop_listening();
  EXPECT_THROW(ScriptedPeer::connect(network.host("client"), "server", 1), DidNotHappen);
}

}  // namespace
}  // namespace weft::testing
