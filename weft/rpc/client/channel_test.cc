// How a channel finds, makes, loses and makes again its connections.

#include "weft/rpc/client/channel.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr net::SimLink kExact{.latency = 1ms, .jitter = 0ns};

Task<Status> call_once(Channel& channel, CallOptions options = {}) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request, options);
  co_return reply.status();
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(Connecting, ToAClosedPortIsUnavailableWithAddressAndCause) {
  net::SimNetwork network(1, kExact);
  network.host("server");
  Channel channel("server:1");
  const Status status = testing::run(network.host("client"), call_once(channel));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "memory:server:1: connection refused");
  EXPECT_EQ(status.origin(), Origin::Transport);
}

TEST(Connecting, MayBeAskedForBeforeTheFirstCall) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  Channel& channel = world.channel();
  EXPECT_TRUE(world.run(channel.connect()).ok());
  const TimePoint connected = world.now();
  // There is one, so this asks for nothing.
  EXPECT_TRUE(world.run(channel.connect()).ok());
  EXPECT_EQ(world.now(), connected);
  EXPECT_TRUE(world.run(call_once(channel)).ok());
  // A round trip, and none for the connection.
  EXPECT_EQ(world.now() - connected, 2ms);
}

TEST(Connecting, ThatWasAskedForSaysWhyItCannotBe) {
  net::SimNetwork network(1, kExact);
  network.host("server");
  Channel channel("server:1");
  const Status status = testing::run(network.host("client"), channel.connect());
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "memory:server:1: connection refused");
  Channel unusable("server:1", {.tls = TlsClientOptions{.ca = "/no/such/file"}});
  EXPECT_FALSE(testing::run(network.host("client"), unusable.connect()).ok());
}

TEST(Connecting, BeyondTheConnectTimeoutIsUnavailable) {
  net::SimNetwork network(1, kExact);
  network.host("server");
  network.host("client");
  network.partition("client", "server");
  Channel channel("server:1", {.connect_timeout = 300ms});
  const Status status = testing::run(network.host("client"), call_once(channel, {.timeout = 10s}));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(),
            "memory:server:1: no connection within 300ms (ChannelOptions::connect_timeout)");
}

TEST(Connecting, ToAnUnresolvableNameIsUnavailableWithTheName) {
  net::SimNetwork network(1, kExact);
  Channel channel("no.such.host:1");
  const Status status = testing::run(network.host("client"), call_once(channel));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_NE(status.message().find("no.such.host"), std::string::npos) << status.to_string();
}

TEST(Connecting, ToATargetThatIsNoneSaysWhatWasExpected) {
  net::SimNetwork network(1, kExact);
  for (const std::string target : {"", "xyz://host:1", "host:notaport", "ipv4:host:1", "dns:///"}) {
    Channel channel(target);
    const Status status = testing::run(network.host("client"), call_once(channel, {.timeout = 1s}));
    EXPECT_FALSE(status.ok()) << target;
    EXPECT_NE(status.code(), StatusCode::DeadlineExceeded) << target << status.to_string();
  }
}

TEST(Connecting, ToATargetThatIsNoneFailsPatientCallsToo) {
  net::SimNetwork network(1, kExact);
  for (const std::string target : {"xyz://host:1", "host:notaport", "127.0.0.1:"}) {
    Channel channel(target);
    const Status status = testing::run(network.host("client"),
                                       call_once(channel, {.timeout = 1s, .wait_for_ready = true}));
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << status.to_string();
  }
}

// Nobody listens there as a rule, and the address in the error is none that the user has typed.
TEST(Connecting, WithoutAPortSaysSo) {
  net::SimNetwork network(1);
  static_cast<void>(network.host("server"));
  for (const std::string target : {"server", "dns:///server"}) {
    Channel channel(target);
    const Result<Text> reply =
        testing::run(network.host("client"), test::unary(channel, text("x")));
    EXPECT_EQ(reply.status().message(), "memory:server:443: connection refused (the target '" +
                                            target + "' names no port, so 443 was taken)");
  }
  Channel listed("static:memory:server:443");
  EXPECT_EQ(testing::run(network.host("client"), test::unary(listed, text("x")))
                .status()
                .message()
                .find("port"),
            std::string_view::npos);
  Channel channel("server:443");
  const Result<Text> reply = testing::run(network.host("client"), test::unary(channel, text("x")));
  EXPECT_EQ(reply.status().message(), "memory:server:443: connection refused");
}

TEST(Connecting, OutsideOfALoopIsRefused) {
  Channel channel("server:1");
  Task<Status> task = call_once(channel);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().code(), StatusCode::FailedPrecondition);
}

TEST(BackOff, FollowsGrpcsFigures) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    net::SimNetwork network(seed, kExact);
    net::SimLoop& client = network.host("client");
    ScriptedServer server(network.host("server"), 1, "");
    Channel channel("server:1");
    Task<Status> call = call_once(channel, {.wait_for_ready = true});
    client.enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    // One second, times 1.6, up to two minutes, each give or take a fifth, from attempt to attempt.
    double wait = 1;
    TimePoint last{};
    for (int attempt = 0; attempt < 14; ++attempt) {
      ScriptedPeer& peer = server.accept(3min);
      const TimePoint begun = network.now();
      if (attempt > 0) {
        EXPECT_GE(seconds(begun - last), wait * 0.8 - 0.01) << attempt;
        EXPECT_LE(seconds(begun - last), wait * 1.2 + 0.01) << attempt;
        wait = std::min(wait * 1.6, 120.0);
      }
      last = begun;
      peer.close();
    }
    client.enter([&] { const Task<Status> dropped = std::move(call); });
  }
}

TEST(BackOff, BeginsAnewAfterAConnectionThatWorked) {
  net::SimNetwork network(1, kExact);
  net::SimLoop& client = network.host("client");
  Channel channel("server:1");
  network.host("server");
  for (int i = 0; i < 5; ++i) {
    testing::run(client, call_once(channel, {.timeout = 20s, .wait_for_ready = true})).ok();
  }
  {
    ScriptedServer server(network.host("server"), 1);
    const Status status =
        testing::run(client, call_once(channel, {.timeout = 3min, .wait_for_ready = true}), 5min);
    EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
    EXPECT_EQ(server.connections(), 1U);
  }
  network.run_for(1s);
  EXPECT_EQ(testing::run(client, call_once(channel)).code(), StatusCode::Unavailable);
  ScriptedServer server(network.host("server"), 1);
  const TimePoint begun = network.now();
  Task<Status> call = call_once(channel, {.wait_for_ready = true});
  client.enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  server.accept();
  EXPECT_LT(seconds(network.now() - begun), 1.3);
  client.enter([&] { const Task<Status> dropped = std::move(call); });
}

TEST(BackOff, FailsCallsAtOnceWithTheLastError) {
  net::SimNetwork network(1, kExact);
  network.host("server");
  net::SimLoop& client = network.host("client");
  Channel channel("server:1");
  const Status first = testing::run(client, call_once(channel));
  const TimePoint begun = network.now();
  EXPECT_EQ(testing::run(client, call_once(channel)), first);
  EXPECT_EQ(network.now(), begun);
  network.run_for(2s);
  EXPECT_EQ(testing::run(client, call_once(channel)), first);
  EXPECT_GT(network.now() - begun, Duration(2s));  // that one has tried
}

TEST(BackOff, FailsThemAlsoWhileOthersWait) {
  net::SimNetwork network(1, kExact);
  network.host("server");
  net::SimLoop& client = network.host("client");
  Channel channel("server:1");
  Task<Status> patient = call_once(channel, {.wait_for_ready = true});
  client.enter([&] { patient.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  network.run_for(100ms);
  const TimePoint begun = network.now();
  EXPECT_EQ(testing::run(client, call_once(channel)).message(),
            "memory:server:1: connection refused");
  EXPECT_EQ(network.now(), begun);
  client.enter([&] { const Task<Status> dropped = std::move(patient); });
}

TEST(BackOff, IsWaitedForByACallThatWantsTo) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  Channel channel("server:50051");
  struct Later {
    static Task<Status> run(InProcess& world, Channel& channel) {
      Scope scope(co_await current_context());
      scope.spawn(start(world));
      Status status = co_await call_once(channel, {.wait_for_ready = true});
      co_await scope.join();
      co_return status;
    }
    static Task<Status> start(InProcess& world) {
      static_cast<void>(co_await net::sleep(5s));
      world.start();
      co_return ok_status();
    }
  };
  const Status status = world.run(Later::run(world, channel));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(Reconnecting, HappensWhenTheServerIsBack) {
  net::SimNetwork network(1, kExact);
  net::SimLoop& client = network.host("client");
  Channel channel("server:1");
  for (int round = 0; round < 3; ++round) {
    network.run_for(100ms);  // the one before has let go of its port
    Server server({.listen = ":1", .loops = {&network.host("server")}});
    server.add<Kinds>();
    ASSERT_TRUE(server.start().ok());
    const Status status = testing::run(client, call_once(channel, {.wait_for_ready = true}));
    EXPECT_TRUE(status.ok()) << status.to_string();
    network.set_down("server", true);
    network.run_for(10ms);
    EXPECT_EQ(testing::run(client, call_once(channel)).code(), StatusCode::Unavailable);
    network.set_down("server", false);
  }
}

TEST(Reconnecting, ACallAfterALostConnectionMakesANewOne) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  ASSERT_TRUE(world.run(call_once(world.channel())).ok());
  world.network().break_connections("client", "server");
  world.run_for(10ms);
  EXPECT_TRUE(world.run(call_once(world.channel())).ok());
}

TEST(Reconnecting, IsNotPutOffAfterConnectionsThatAnswered) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  const TimePoint begun = world.network().now();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(world.run(call_once(world.channel())).ok());
    world.network().break_connections("client", "server");
    world.run_for(10ms);
  }
  EXPECT_LT(world.network().now() - begun, Duration(500ms));
}

TEST(Reconnecting, WaitsAfterConnectionsThatNeverAnswered) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  int attempts = 0;
  // The request has not left, so the call is sent again however often.
  world.channel().use_per_endpoint([&world, &attempts](Call& call, Next next) {
    ++attempts;
    world.network().break_connections("client", "server");
    return next(call);
  });
  const Status status = world.run(call_once(world.channel(), {.timeout = 20s}));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
  EXPECT_NE(status.message().find("last error: memory:server"), std::string::npos) << status;
  // The second at once; then after 1 s, 1.6 s, and so on, give or take a fifth.
  EXPECT_GE(attempts, 5);
  EXPECT_LE(attempts, 9);
}

TEST(Reconnecting, GivesUpOneAddressForTheNext) {
  net::SimNetwork network(1, kExact);
  ScriptedServer server(network.host("b"), 1);
  network.host("a");
  Channel channel("memory:b");
  const Status status = testing::run(network.host("client"), call_once(channel, {.timeout = 50ms}));
  EXPECT_FALSE(status.ok());
}

TEST(ChannelsAndLoops, EachLoopHasConnectionsOfItsOwn) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  Channel& channel = world.channel();
  for (const std::string host : {"one", "two", "three"}) {
    EXPECT_TRUE(testing::run(world.network().host(host), call_once(channel)).ok());
    EXPECT_TRUE(testing::run(world.network().host(host), call_once(channel)).ok());
  }
  EXPECT_EQ(world.server().active_connections(), 3U);
  world.drop_channel();
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_connections(), 0U);
}

TEST(ChannelsAndLoops, AChannelMayBeDestroyedWhileItConnects) {
  for (const Duration when : {0us, 500us, 1500us, 2500us, 3500us}) {
    net::SimNetwork network(1, kExact);
    net::SimLoop& client = network.host("client");
    ScriptedServer server(network.host("server"), 1);
    auto channel = std::make_unique<Channel>("server:1");
    Task<Status> call = call_once(*channel);
    client.enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    network.run_for(when);
    channel.reset();
    network.run_for(10ms);
    ASSERT_TRUE(call.done()) << to_string(when);
    EXPECT_EQ(call.take(), cancelled("the channel was destroyed"));
    for (std::size_t left = server.connections(); left > 0; --left) {
      server.accept().expect_closed();
    }
  }
}

TEST(ChannelsAndLoops, AChannelMayBeDestroyedWhileItBacksOff) {
  net::SimNetwork network(1, kExact);
  net::SimLoop& client = network.host("client");
  network.host("server");
  auto channel = std::make_unique<Channel>("server:1");
  Task<Status> call = call_once(*channel, {.wait_for_ready = true});
  client.enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  network.run_for(100ms);
  channel.reset();
  network.run_for(10ms);
  ASSERT_TRUE(call.done());
  EXPECT_EQ(call.take(), cancelled("the channel was destroyed"));
}

/// Holds every call for a while before and after the rest of the chain.
Task<Status> linger(const std::string& name, Call& call, Next next) {
  Status status = co_await next(call);
  static_cast<void>(co_await net::sleep(50ms));
  co_return status.ok() ? status : status.with_prefix(name);
}

TEST(ChannelsAndLoops, MiddlewareOutlivesTheChannelAsLongAsItsCalls) {
  net::SimNetwork network(1, kExact);
  net::SimLoop& client = network.host("client");
  ScriptedServer server(network.host("server"), 1);
  auto channel = std::make_unique<Channel>("server:1");
  const std::string name(100, 'n');  // on the heap, so that a tool sees its end
  channel->use([name](Call& call, Next next) { return linger(name, call, next); });
  Task<Status> call = call_once(*channel);
  client.enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  network.run_for(20ms);
  channel.reset();
  network.run_for(1s);
  ASSERT_TRUE(call.done());
  EXPECT_EQ(call.take(), cancelled("the channel was destroyed").with_prefix(name));
}

Task<Status> annotate(Call& call, Next next) {
  call.request_metadata().add("x-order", call.side() == Call::Side::Client ? "outer" : "server");
  co_return co_await next(call);
}

Task<Status> repeat_once(Call& call, Next next) {
  Status status = co_await next(call);
  if (status.ok() || !call.requests().rewind()) co_return status;
  call.set_previous_attempts(1);
  co_return co_await next(call);
}

/// Fails the first time.
struct Flaky : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    attempts = context.metadata().get_all("x-order").size();
    previous = std::string(context.metadata().get("grpc-previous-rpc-attempts").value_or("none"));
    if (++calls == 1) return aborted("once");
    return request;
  }
  int calls = 0;
  std::size_t attempts = 0;
  std::string previous;
};

TEST(MiddlewareOfBothSides, SeesTheCallAndMayRepeatIt) {
  InProcess world({.link = kExact});
  Flaky& service = world.add<Flaky>();
  world.server().use(annotate);
  world.channel().use(annotate);
  world.channel().use(repeat_once);
  const Status status = world.run(call_once(world.channel()));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(service.calls, 2);
  EXPECT_EQ(service.attempts, 2U);  // the client's and the server's
  EXPECT_EQ(service.previous, "1");
}

TEST(CallsThatAreDropped, CancelWhatTheyHadUnderWay) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  world.start();
  ScriptedServer server(world.network().host("scripted"), 1);
  Channel channel("scripted:1");
  {
    Task<Status> call = call_once(channel);
    world.client_host().enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    ScriptedPeer& peer = server.accept();
    peer.expect_end(1);
    world.client_host().enter([&] { const Task<Status> dropped = std::move(call); });
    EXPECT_EQ(peer.expect(FrameType::RstStream, 1).error(), http2::ErrorCode::Cancel);
  }
}

}  // namespace
}  // namespace weft::rpc
