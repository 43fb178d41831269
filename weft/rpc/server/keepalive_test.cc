// What ends connections that have no call, no peer or no end: keepalive, idleness, age, handshake.

#include <string>

#include <gtest/gtest.h>

#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::grpc_message;
using testing::grpc_request;
using testing::grpc_response;
using testing::grpc_trailers;
using testing::InProcess;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr net::SimLink kExact{.latency = 1ms, .jitter = 0ns};

struct Forever : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override { return wait(request); }
  static Task<Result<Text>> wait(const Text& request) {
    const Status status = co_await net::sleep(100h);
    if (!status.ok()) co_return status;
    co_return request;
  }
};

std::unique_ptr<ScriptedPeer> connect_to(InProcess& world) {
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->expect(FrameType::Settings);
  world.run_for(5ms);
  return peer;
}

void begin_call(ScriptedPeer& peer, std::uint32_t id) {
  peer.send(testing::headers(id, grpc_request("/test.Kinds/Unary")) +
            testing::data(id, grpc_message(""), EndStream::Yes));
}

TEST(ServerKeepalive, PingsASilentClientAndGoesOnWhileItAnswers) {
  InProcess world({.link = kExact, .server = {.keepalive_time = 10s, .keepalive_timeout = 2s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  begin_call(*peer, 1);
  world.run_for(9s);
  EXPECT_FALSE(peer->has(FrameType::Ping));
  for (int i = 0; i < 5; ++i) peer->expect(FrameType::Ping, ScriptedPeer::kAnyStream, 13s);
  EXPECT_EQ(world.server().active_calls(), 1U);
}

TEST(ServerKeepalive, ClosesAConnectionWhoseClientDoesNotAnswer) {
  InProcess world({.link = kExact, .server = {.keepalive_time = 10s, .keepalive_timeout = 2s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  peer->set_answer_pings(false);
  begin_call(*peer, 1);
  world.run_for(5ms);
  const TimePoint begun = world.now();
  peer->expect_closed();
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 12, 0.1);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(ServerKeepalive, NoticesAPeerBehindAPartition) {
  InProcess world({.link = kExact, .server = {.keepalive_time = 10s, .keepalive_timeout = 2s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  begin_call(*peer, 1);
  world.run_for(1s);
  world.network().partition("client", "server");
  world.run_for(13s);
  EXPECT_EQ(world.server().active_connections(), 0U);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

class ClientKeepalive : public ::testing::Test {
 protected:
  net::SimLoop& client() { return network.host("client"); }
  net::SimNetwork network{1, kExact};
  ScriptedServer server{network.host("server"), 1};
  /// Calls and gives the status once the call has ended.
  struct Call {
    Call(net::SimLoop& loop, Channel& channel, CallOptions options = {}) : host(loop) {
      task = run(channel, options, status);
      host.enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    }
    ~Call() {
      host.enter([&] { task = Task<>(); });
    }
    static Task<> run(Channel& channel, CallOptions options, std::optional<Status>& status) {
      const Text request = text("x");
      const Result<Text> reply = co_await test::unary(channel, request, options);
      status = reply.status();
    }
    net::SimLoop& host;
    std::optional<Status> status;
    Task<> task;
  };
};

TEST_F(ClientKeepalive, FindsOutThatTheServerIsDead) {
  Channel channel("server:1", {.keepalive_time = 10s, .keepalive_timeout = 3s});
  Call call(client(), channel);
  ScriptedPeer& peer = server.accept();
  peer.expect(FrameType::Headers, 1);
  const TimePoint begun = network.now();
  network.partition("client", "server");
  ASSERT_TRUE(network.run_while_not([&] { return call.status.has_value(); }, 1min));
  EXPECT_NEAR(std::chrono::duration<double>(network.now() - begun).count(), 13, 0.1);
  EXPECT_EQ(call.status->code(), StatusCode::Unavailable);
  EXPECT_EQ(call.status->message(), "memory:server:1: no answer to a keepalive PING within 3s");
}

TEST_F(ClientKeepalive, PingsOnlyWhileThereAreCallsUnlessToldOtherwise) {
  Channel quiet("server:1", {.keepalive_time = 10s});
  {
    Call call(client(), quiet);
    ScriptedPeer& peer = server.accept();
    peer.expect(FrameType::Headers, 1);
    peer.expect(FrameType::Ping, ScriptedPeer::kAnyStream, 11s);
    peer.send(testing::headers(1, grpc_response()) +
              testing::headers(1, grpc_trailers(5), EndStream::Yes));
    network.run_for(100ms);
    ASSERT_TRUE(call.status.has_value());
    network.run_for(10min);
    EXPECT_THROW(peer.expect(FrameType::Ping), testing::DidNotHappen);
  }
  Channel loud("server:1", {.keepalive_time = 10s, .keepalive_without_calls = true});
  Call call(client(), loud);
  ScriptedPeer& peer = server.accept();
  peer.expect(FrameType::Headers, 1);
  peer.send(testing::headers(1, grpc_response()) +
            testing::headers(1, grpc_trailers(5), EndStream::Yes));
  network.run_for(100ms);
  peer.expect(FrameType::Ping, ScriptedPeer::kAnyStream, 11s);
  peer.expect(FrameType::Ping, ScriptedPeer::kAnyStream, 11s);
}

TEST_F(ClientKeepalive, HalvesItsRateOnTooManyPings) {
  Channel channel("server:1", {.keepalive_time = 10s});
  Call call(client(), channel, {.wait_for_ready = true});
  ScriptedPeer& first = server.accept();
  first.expect(FrameType::Headers, 1);
  first.send(testing::goaway(1, ErrorCode::EnhanceYourCalm, "too_many_pings"));
  network.run_for(10ms);
  first.close();
  network.run_for(10ms);
  ASSERT_TRUE(call.status.has_value());
  Call again(client(), channel);
  ScriptedPeer& second = server.accept();
  second.expect(FrameType::Headers, 1);
  EXPECT_THROW(second.expect(FrameType::Ping, ScriptedPeer::kAnyStream, 19s),
               testing::DidNotHappen);
  second.expect(FrameType::Ping, ScriptedPeer::kAnyStream, 2s);
}

TEST_F(ClientKeepalive, ClosesAnIdleConnectionAndReconnectsOnDemand) {
  Channel channel("server:1", {.idle_timeout = 30s});
  Call call(client(), channel);
  ScriptedPeer& first = server.accept();
  first.expect(FrameType::Headers, 1);
  network.run_for(40s);  // a call is no idleness
  EXPECT_FALSE(first.ended());
  first.send(testing::headers(1, grpc_trailers(5), EndStream::Yes));
  const TimePoint ended = network.now();
  first.expect_closed();
  EXPECT_NEAR(std::chrono::duration<double>(network.now() - ended).count(), 30, 0.1);
  Call again(client(), channel);
  server.accept().expect(FrameType::Headers, 1);
}

TEST(ServerIdleness, ClosesAConnectionThatHadNoCallForLong) {
  InProcess world({.link = kExact, .server = {.max_connection_idle = 5s}});
  world.add<Kinds>();
  auto peer = connect_to(world);
  world.run_for(4s);
  begin_call(*peer, 1);
  peer->expect_end(1);
  const TimePoint ended = world.now();
  const testing::Frame& goaway = peer->expect(FrameType::Goaway);
  EXPECT_EQ(goaway.error(), ErrorCode::NoError);
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - ended).count(), 5, 0.1);
  peer->expect_closed();
}

TEST(ServerIdleness, IsNotThereWhileACallRuns) {
  InProcess world({.link = kExact, .server = {.max_connection_idle = 5s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  begin_call(*peer, 1);
  world.run_for(1min);
  EXPECT_FALSE(peer->has(FrameType::Goaway));
  EXPECT_EQ(world.server().active_calls(), 1U);
}

TEST(ServerAge, LetsCallsEndWithinTheGrace) {
  InProcess world(
      {.link = kExact, .server = {.max_connection_age = 100s, .max_connection_age_grace = 20s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  begin_call(*peer, 1);
  world.run_for(85s);
  EXPECT_FALSE(peer->has(FrameType::Goaway));
  const testing::Frame& first = peer->expect(FrameType::Goaway, ScriptedPeer::kAnyStream, 26s);
  EXPECT_EQ(first.to_string(), "GOAWAY last=2147483647 NO_ERROR");
  EXPECT_EQ(peer->expect(FrameType::Goaway).to_string(), "GOAWAY last=1 NO_ERROR");
  const TimePoint asked = world.now();
  EXPECT_EQ(world.server().active_calls(), 1U);
  peer->expect_closed();
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - asked).count(), 20, 0.1);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(ServerAge, IsInvisibleToAClientWithOccasionalCalls) {
  InProcess world({.link = kExact, .server = {.max_connection_age = 10s}});
  world.add<Kinds>();
  for (int i = 0; i < 100; ++i) {
    const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
    ASSERT_TRUE(reply.ok()) << i << " " << reply.status().to_string();
    world.run_for(1s);
  }
  world.run_for(20s);
  EXPECT_EQ(world.server().active_connections(), 0U);
}

TEST(ServerAge, DoesNotShortenTheGraceOfAStop) {
  InProcess world(
      {.link = kExact, .server = {.max_connection_age = 1h, .max_connection_age_grace = 1s}});
  world.add<Forever>();
  auto peer = connect_to(world);
  begin_call(*peer, 1);
  world.run_for(100ms);
  Task<> stop = world.server().shutdown(30s);
  world.server_host().enter([&] { stop.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  world.run_for(25s);
  EXPECT_EQ(world.server().active_calls(), 1U);
  EXPECT_TRUE(world.network().run_while_not([&] { return stop.done(); }, 1min));
}

TEST(Handshake, OfAClientThatSaysNothingIsGivenUp) {
  InProcess world({.link = kExact, .server = {.handshake_timeout = 3s}});
  world.add<Kinds>();
  world.start();
  auto silent = ScriptedPeer::connect_silently(world.client_host(), "server", InProcess::kPort);
  auto partial = ScriptedPeer::connect_silently(world.client_host(), "server", InProcess::kPort);
  partial->set_answer_settings(false);
  partial->send(http2::kClientPreface);
  const TimePoint begun = world.now();
  silent->expect_closed();
  partial->expect_closed();
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 3, 0.1);
  EXPECT_EQ(world.server().active_connections(), 0U);
}

// RFC 9113 section 6.5.3
TEST(Handshake, OfAClientWithoutSettingsAckTimesOut) {
  InProcess world({.link = kExact, .server = {.handshake_timeout = 3s}});
  world.add<Forever>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->set_answer_settings(false);
  begin_call(*peer, 1);
  const TimePoint begun = world.now();
  EXPECT_EQ(peer->expect(FrameType::Goaway).error(), ErrorCode::SettingsTimeout);
  peer->expect_closed();
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 3, 0.1);
  world.run_for(1min);
  EXPECT_EQ(world.server().active_connections(), 0U);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(Handshake, OfAServerWithoutSettingsAckTimesOut) {
  net::SimNetwork network(1);
  ScriptedServer server(network.host("server"), 1);
  Channel channel("server:1", {.connect_timeout = 3s});
  const Text request = text("x");
  Task<Result<Text>> call = test::unary(channel, request, {.wait_for_ready = false});
  bool done = false;
  network.host("client").enter([&] {
    call.start(nullptr, {[](void* it) noexcept { *static_cast<bool*>(it) = true; }, &done});
  });
  ScriptedPeer& peer = server.accept();
  peer.set_answer_settings(false);
  EXPECT_EQ(peer.expect(FrameType::Goaway).error(), ErrorCode::SettingsTimeout);
  EXPECT_TRUE(network.run_while_not([&] { return done; }, 1min));
  const Result<Text> reply = call.take();
  EXPECT_EQ(reply.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(reply.status().message(),
            "memory:server:1: no acknowledgement of our SETTINGS within 3s");
}

TEST(Handshake, ThatIsOverLeavesTheConnectionAlone) {
  InProcess world({.link = kExact, .server = {.handshake_timeout = 3s}});
  world.add<Kinds>();
  auto peer = connect_to(world);
  world.run_for(1min);
  EXPECT_FALSE(peer->ended());
}

TEST(LeavingConnections, AreClosedThoughTheirPeerReadsNothing) {
  InProcess world({.link = {.latency = 1ms, .jitter = 0ns, .window = 1024},
                   .server = {.min_ping_interval = 1min}});
  world.add<Kinds>();
  auto peer = connect_to(world);
  peer->set_reading(false);
  for (int i = 0; i < 200; ++i) peer->send(testing::ping());
  world.run_for(2s);
  EXPECT_EQ(world.server().active_connections(), 0U);
}

}  // namespace
}  // namespace weft::rpc
