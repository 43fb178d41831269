// How servers stop and clients follow: GOAWAY, refused streams, repeated calls, start and stop.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/scope.h"
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

/// A coroutine that runs beside a test.
template <class T>
class Running {
 public:
  Running(net::SimLoop& host, Task<T> task) : host_(host), task_(std::move(task)) {
    host_.enter([&] { task_.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  }
  ~Running() {
    if (taken_) return;
    host_.enter([&] { const Task<T> dropped = std::move(task_); });
  }
  bool done() const { return task_.done(); }
  T result(Duration limit = 10min) {
    if (!host_.network().run_while_not([&] { return task_.done(); }, limit)) {
      if (!task_.done()) throw testing::DidNotHappen("the task did not end");
    }
    taken_ = true;
    return task_.take();
  }

 private:
  net::SimLoop& host_;
  Task<T> task_;
  bool taken_ = false;
};

/// Takes a time over each call, and counts them.
struct Slow : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return work(*this, request);
  }
  static Task<Result<Text>> work(Slow& self, const Text& request) {
    ++self.begun;
    const Status status = co_await net::sleep(self.time);
    if (!status.ok()) {
      self.reason = status;
      co_return status;
    }
    ++self.ended;
    co_return request;
  }
  Duration time = 100ms;
  int begun = 0;
  int ended = 0;
  Status reason;
};

Task<Status> call_slow(Channel& channel, CallOptions options = {}) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request, options);
  co_return reply.status();
}

class Stopping : public ::testing::Test {
 protected:
  Stopping() : service(world.add<Slow>()) { world.channel(); }
  Running<void> shutdown(Duration grace) {
    return Running<void>(world.server_host(), world.server().shutdown(grace));
  }
  Running<Status> call(CallOptions options = {}) {
    return Running<Status>(world.client_host(), call_slow(world.channel(), options));
  }
  InProcess world{{.link = kExact}};
  Slow& service;
};

TEST_F(Stopping, LetsCallsInFlightEnd) {
  service.time = 5s;
  auto running = call();
  world.run_for(1s);
  auto stop = shutdown(10s);
  world.run_for(1s);
  EXPECT_FALSE(stop.done());
  const TimePoint begun = world.now();
  const Status status = running.result();
  EXPECT_TRUE(status.ok()) << status.to_string();
  stop.result(1s);
  EXPECT_LT(world.now() - begun, Duration(4s));
  EXPECT_EQ(world.server().active_connections(), 0U);
}

TEST_F(Stopping, RefusesNewConnectionsAtOnce) {
  service.time = 5s;
  auto running = call();
  world.run_for(100ms);
  auto stop = shutdown(10s);
  world.run_for(100ms);
  EXPECT_THROW(ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort),
               testing::DidNotHappen);
  auto late = call();
  EXPECT_EQ(late.result(1s).code(), StatusCode::Unavailable);
  EXPECT_TRUE(running.result().ok());
  stop.result();
}

TEST_F(Stopping, CancelsWhatHasNotEndedWithinTheGrace) {
  service.time = 1h;
  auto running = call();
  world.run_for(100ms);
  const TimePoint begun = world.now();
  auto stop = shutdown(3s);
  const Status status = running.result();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "the server is shutting down");
  EXPECT_EQ(status.origin(), Origin::Peer);
  stop.result(1s);
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 3, 0.1);
  EXPECT_EQ(service.reason.message(), "the server is shutting down");
}

TEST_F(Stopping, OfAnIdleServerIsQuick) {
  ASSERT_TRUE(world.run(call_slow(world.channel())).ok());
  const TimePoint begun = world.now();
  shutdown(10s).result();
  EXPECT_LT(world.now() - begun, Duration(100ms));
}

TEST_F(Stopping, MayBeAskedForTwice) {
  service.time = 5s;
  auto running = call();
  world.run_for(100ms);
  auto first = shutdown(10s);
  auto second = shutdown(1s);
  second.result(10s);
  first.result(10s);
  shutdown(1s).result(1s);
  EXPECT_EQ(running.result().code(), StatusCode::Unavailable);  // the shorter grace holds
}

/// Never ends, whatever happens.
struct Endless : Kinds {
  explicit Endless(Event& event) : end(event) {}
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return hang(end, request);
  }
  static Task<Result<Text>> hang(Event& end, const Text& request) {
    Context own;
    static_cast<void>(co_await wait(end).in(own));
    co_return request;
  }
  static Task<Status> wait(Event& end) { co_return co_await end.wait(); }
  Event& end;
};

TEST(StoppingServers, ReturnAlsoWithAHandlerThatNeverEnds) {
  Event end;
  InProcess world({.link = kExact});
  world.add<Endless>(end);
  Running<Status> running(world.client_host(), call_slow(world.channel()));
  world.run_for(100ms);
  const TimePoint begun = world.now();
  Running<void> stop(world.server_host(), world.server().shutdown(2s));
  stop.result(1min);
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 7, 0.1);
  EXPECT_EQ(running.result().code(), StatusCode::Unavailable);
  EXPECT_EQ(world.server().active_calls(), 1U);
  world.server_host().enter([&] { end.set(); });
  world.run_for(10ms);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(StoppingServers, DoNotWaitForAClientThatReadsNothing) {
  InProcess world({.link = {.latency = 1ms, .jitter = 0ns, .window = 2048}});
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  world.run_for(100ms);
  peer->set_reading(false);
  const std::string request = text(std::string(10000, 'x')).SerializeAsString();
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary")) +
             testing::data(1, grpc_message(request), EndStream::Yes));
  world.run_for(1s);
  const TimePoint begun = world.now();
  Running<void> stop(world.server_host(), world.server().shutdown(2s));
  stop.result(1min);
  EXPECT_LT(world.now() - begun, Duration(4s));
  EXPECT_EQ(world.server().active_connections(), 0U);
}

struct Large : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text&) override {
    co_return text(std::string(400'000, 'x'));
  }
};

TEST(StoppingServers, WaitForAClientThatReadsOverASlowLink) {
  InProcess world({.link = {.latency = 1ms, .jitter = 0ns, .bandwidth = 100'000}});
  world.add<Large>();
  Running<Status> running(world.client_host(), call_slow(world.channel()));
  world.run_for(100ms);
  // All is written, to the network; what the client sends meanwhile must not meet a closed socket.
  Running<void> stop(world.server_host(), world.server().shutdown(10s));
  const Status status = running.result(1min);
  EXPECT_TRUE(status.ok()) << status.to_string();
  stop.result(100ms);
}

TEST(StoppingServers, WaitAWhileForAClientThatDoesNotEnd) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  world.run_for(100ms);
  const TimePoint begun = world.now();
  Running<void> stop(world.server_host(), world.server().shutdown(1min));
  stop.result(1h);
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 5, 0.1);
}

TEST(StoppingServers, EndAClientThatKeepsSendingAfterTheGrace) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  world.run_for(100ms);
  const TimePoint begun = world.now();
  Running<void> stop(world.server_host(), world.server().shutdown(20s));
  for (int i = 0; i < 1000 && !stop.done(); ++i) {
    peer->send(testing::window_update(0, 1));
    world.run_for(100ms);
  }
  stop.result(100ms);
  EXPECT_NEAR(std::chrono::duration<double>(world.now() - begun).count(), 21, 0.5);
}

TEST(StoppingServers, MayBeDestroyedWithCallsInFlight) {
  InProcess world({.link = kExact});
  Slow& service = world.add<Slow>();
  service.time = 1h;
  Running<Status> running(world.client_host(), call_slow(world.channel()));
  world.run_for(100ms);
  EXPECT_EQ(service.begun, 1);
  // The world's end destroys the server, and runs what that sets off.
}

TEST(Starting, FailsWhereTheAddressIsInUse) {
  InProcess world;
  world.add<Kinds>();
  world.start();
  Server second({.listen = ":50051", .loops = {&world.server_host()}});
  second.add<Kinds>();
  const Status status = second.start();
  EXPECT_EQ(status, already_exists("cannot listen: memory:server:50051: address in use"))
      << status.to_string();
  // The first one is not hurt, and the second may try again when the address is free.
  EXPECT_TRUE(world.run(call_slow(world.channel())).ok());
  Running<void>(world.server_host(), world.server().shutdown(1s)).result();
  EXPECT_TRUE(second.start().ok());
  EXPECT_EQ(second.addresses().size(), 1U);
  EXPECT_TRUE(world.run(call_slow(world.channel(), {.wait_for_ready = true})).ok());
}

TEST(Starting, FailsForAnAddressThatIsNone) {
  net::SimNetwork network(1);
  for (const std::string address :
       {"nonsense", "300.1.2.3:1", "host:port", "xyz://a:1", ":99999"}) {
    Server server({.listen = address, .loops = {&network.host("server")}});
    const Status status = server.start();
    EXPECT_FALSE(status.ok()) << address;
    EXPECT_NE(status.message().find("cannot listen"), std::string::npos) << status.to_string();
  }
  Server none({.loops = {&network.host("server")}});
  EXPECT_EQ(none.start().message(),
            "the server has no address to listen on, and no other transport");
}

TEST(Starting, FailsForAServiceThatWasAddedTwice) {
  net::SimNetwork network(1);
  Server server({.listen = ":1", .loops = {&network.host("server")}});
  server.add<Kinds>();
  server.add<Slow>();
  EXPECT_EQ(server.start(), already_exists("service test.Kinds was added twice"));
}

TEST(Starting, FailsASecondTime) {
  InProcess world;
  world.start();
  EXPECT_EQ(world.server().start().code(), StatusCode::FailedPrecondition);
}

TEST(Starting, ListensOnSeveralAddresses) {
  InProcess world;
  world.add<Kinds>();
  world.server().listen(":1");
  world.server().listen(":0");
  world.start();
  ASSERT_EQ(world.server().addresses().size(), 3U);
  for (const net::Address& address : world.server().addresses()) {
    Channel channel("server:" + std::to_string(address.port()));
    EXPECT_TRUE(world.run(call_slow(channel)).ok()) << address.to_string();
  }
}

TEST(Starting, MayFollowANeverStartedOnesEnd) {
  net::SimNetwork network(1);
  Server server({.listen = ":1", .loops = {&network.host("server")}});
  server.add<Kinds>();
}

/// Clients of a scripted server that leaves.
class Leaving : public ::testing::Test {
 protected:
  Running<Status> call(CallOptions options = {}) {
    return Running<Status>(network.host("client"), call_slow(channel, options));
  }
  static std::string answer(std::uint32_t id) {
    return testing::headers(id, grpc_response()) + testing::data(id, grpc_message("")) +
           testing::headers(id, grpc_trailers(0), EndStream::Yes);
  }
  net::SimNetwork network{1, kExact};
  ScriptedServer server{network.host("server"), 1};
  Channel channel{"server:1"};
};

TEST_F(Leaving, OnlyCallsAboveTheLastIdAreRepeated) {
  auto first = call();
  auto second = call();
  auto third = call();
  ScriptedPeer& old = server.accept();
  old.expect_end(5);
  old.send(testing::goaway(1, ErrorCode::NoError));
  ScriptedPeer& fresh = server.accept();
  fresh.expect_end(3);
  old.send(answer(1));
  fresh.send(answer(1) + answer(3));
  EXPECT_TRUE(first.result().ok());
  EXPECT_TRUE(second.result().ok());
  EXPECT_TRUE(third.result().ok());
  old.expect_closed();
  EXPECT_EQ(server.connections(), 2U);
}

TEST_F(Leaving, TwoStepsAreUnderstood) {
  auto first = call();
  ScriptedPeer& old = server.accept();
  old.expect_end(1);
  old.send(testing::goaway(0x7fffffff, ErrorCode::NoError));
  network.run_for(10ms);
  auto second = call();  // does not go to the one that leaves
  ScriptedPeer& fresh = server.accept();
  fresh.expect_end(1);
  old.send(testing::goaway(1, ErrorCode::NoError) + answer(1));
  fresh.send(answer(1));
  EXPECT_TRUE(first.result().ok());
  EXPECT_TRUE(second.result().ok());
  old.expect_closed();
}

TEST_F(Leaving, ARefusedStreamIsRepeatedAtOnce) {
  auto running = call();
  ScriptedPeer& peer = server.accept();
  peer.expect_end(1);
  peer.send(testing::rst_stream(1, ErrorCode::RefusedStream));
  peer.expect_end(3);
  peer.send(answer(3));
  EXPECT_TRUE(running.result().ok());
}

TEST_F(Leaving, AStreamThatIsRefusedAgainIsUnavailable) {
  auto running = call();
  ScriptedPeer& peer = server.accept();
  for (const std::uint32_t id : {1U, 3U}) {
    peer.expect_end(id);
    peer.send(testing::rst_stream(id, ErrorCode::RefusedStream));
  }
  const Status status = running.result();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "the server reset the stream (RST_STREAM REFUSED_STREAM)");
  network.run_for(1s);
  EXPECT_FALSE(peer.has(FrameType::Headers, 5));
}

TEST_F(Leaving, ATwiceExcludedCallQuotesTheGoaway) {
  for (const std::string said : {"", "restart"}) {
    auto running = call();
    for (int i = 0; i < 2; ++i) {
      ScriptedPeer& peer = server.accept();
      peer.expect_end(1);
      peer.send(testing::goaway(0, ErrorCode::NoError, said));
    }
    const Status status = running.result();
    EXPECT_EQ(status.code(), StatusCode::Unavailable);
    EXPECT_EQ(status.message(), "memory:server:1: the server is leaving (GOAWAY NO_ERROR" +
                                    (said.empty() ? "" : ": " + said) +
                                    ") and did not take the call");
  }
}

/// An attempt of a policy that has made others before.
Task<Status> try_again(Call& call, Next next) {
  call.set_previous_attempts(1);
  return next(call);
}

TEST_F(Leaving, LaterAttemptsOfAPolicyAreNotRepeatedBesides) {
  channel.use(&try_again);
  auto running = call();
  ScriptedPeer& peer = server.accept();
  peer.expect_end(1);
  peer.send(testing::rst_stream(1, ErrorCode::RefusedStream));
  EXPECT_EQ(running.result().code(), StatusCode::Unavailable);
}

TEST_F(Leaving, DoesNotRepeatACallTheServerMayHaveBegun) {
  auto running = call();
  ScriptedPeer& peer = server.accept();
  peer.expect_end(1);
  peer.close();
  EXPECT_EQ(running.result().code(), StatusCode::Unavailable);
  network.run_for(10s);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Leaving, ACancelledCallIsNotRepeated) {
  auto running = call({.timeout = 50ms});
  ScriptedPeer& peer = server.accept();
  peer.expect_end(1);
  network.run_for(100ms);
  EXPECT_EQ(running.result().code(), StatusCode::DeadlineExceeded);
  peer.send(testing::goaway(0, ErrorCode::NoError));
  network.run_for(1s);
  EXPECT_EQ(server.connections(), 1U);
}

Task<Status> expand_one(Channel& channel) {
  const Text request = text("x");
  auto stream = co_await test::expand(channel, request);
  while (co_await stream.read()) {
  }
  co_return co_await stream.finish();
}

Task<Status> chat_one(Channel& channel, int& echoed) {
  auto stream = co_await test::chat(channel);
  const Text message = text("");
  // The far side speaks first: nothing has been written when the stream is refused.
  if (co_await stream.read()) ++echoed;
  static_cast<void>(co_await stream.write(message));
  co_return co_await stream.finish();
}

TEST_F(Leaving, AServerStreamThatWasNotBegunIsRepeated) {
  Running<Status> running(network.host("client"), expand_one(channel));
  ScriptedPeer& old = server.accept();
  old.expect_end(1);
  old.send(testing::goaway(0, ErrorCode::NoError));
  ScriptedPeer& fresh = server.accept();
  fresh.expect_end(1);
  EXPECT_EQ(fresh.data_of(1), old.data_of(1));
  fresh.send(answer(1));
  EXPECT_TRUE(running.result().ok());
}

TEST_F(Leaving, AStreamOfWhichNothingWasSentIsRepeated) {
  int echoed = 0;
  Running<Status> running(network.host("client"), chat_one(channel, echoed));
  ScriptedPeer& old = server.accept();
  old.expect(FrameType::Headers, 1);
  old.send(testing::rst_stream(1, ErrorCode::RefusedStream));
  old.expect(FrameType::Headers, 3);
  old.send(testing::headers(3, grpc_response()) + testing::data(3, grpc_message("")));
  old.expect_end(3);
  old.send(testing::headers(3, grpc_trailers(0), EndStream::Yes));
  EXPECT_TRUE(running.result().ok());
  EXPECT_EQ(echoed, 1);
}

Task<Status> write_first(Channel& channel) {
  auto stream = co_await test::chat(channel);
  const Text message = text("");
  static_cast<void>(co_await stream.write(message));
  static_cast<void>(co_await stream.read());
  co_return co_await stream.finish();
}

TEST_F(Leaving, DoesNotRetryAStreamThatSentData) {
  Running<Status> running(network.host("client"), write_first(channel));
  ScriptedPeer& peer = server.accept();
  peer.expect(FrameType::Data, 1);
  peer.send(testing::rst_stream(1, ErrorCode::RefusedStream));
  EXPECT_EQ(running.result().code(), StatusCode::Unavailable);
  network.run_for(1s);
  EXPECT_FALSE(peer.has(FrameType::Headers, 3));
}

Task<> count_call(Channel& channel, int& ok) {
  const Text request = text("x");
  const Result<Text> reply =
      co_await test::unary(channel, request, {.timeout = 10s, .wait_for_ready = true});
  if (reply.ok()) {
    ++ok;
  } else {
    ADD_FAILURE() << reply.status().to_string();
  }
}

Task<Status> call_steadily(Channel& channel, int count, int& ok) {
  Scope scope(co_await current_context());
  for (int i = 0; i < count; ++i) {
    scope.spawn(count_call(channel, ok));
    static_cast<void>(co_await net::sleep(1ms));
  }
  co_await scope.join();
  co_return ok_status();
}

TEST(ServersThatAreReplaced, LoseNoCallAndServeNoneTwice) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    net::SimNetwork network(seed);
    net::SimLoop& host = network.host("server");
    Channel channel("server:1", {.initial_backoff = 10ms});
    Slow* services[4];
    std::unique_ptr<Server> servers[4];
    const auto start = [&](int i) {
      servers[i] = std::make_unique<Server>(
          ServerOptions{.listen = ":1", .loops = {&host}, .max_connection_age = 100ms});
      services[i] = &servers[i]->add<Slow>();
      services[i]->time = 7ms;
      ASSERT_TRUE(servers[i]->start().ok());
    };
    start(0);
    int ok = 0;
    Running<Status> calls(network.host("client"), call_steadily(channel, 1000, ok));
    for (int i = 0; i < 3; ++i) {
      network.run_for(200ms);
      Running<void> stop(host, servers[i]->shutdown(10s));
      network.run_for(5ms);
      start(i + 1);
      stop.result();
    }
    EXPECT_TRUE(calls.result().ok());
    EXPECT_EQ(ok, 1000) << "seed " << seed;
    int served = 0;
    for (const Slow* service : services) served += service->begun;
    EXPECT_EQ(served, 1000) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weft::rpc
