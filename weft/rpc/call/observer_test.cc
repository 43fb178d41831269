// What observers of servers and channels are told, as a user's own would be.

#include "weft/rpc/call/observer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/rpc/server/transport.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"
#include "weft/testing/scripted_resolver.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::InProcess;
using ::testing::IsEmpty;
using testing::ScriptedPeer;
using testing::ScriptedResolver;
using ::testing::SizeIs;

constexpr net::SimLink kExact{.latency = 1ms, .jitter = 0ns};

/// Keeps all that it is told.
class Record final : public Observer {
 public:
  struct Ended {
    std::string path;
    Status status;
    CallStats stats;
  };
  struct Refused {
    std::string path;
    std::string peer;
    Status status;
  };
  struct Connection {
    ConnectionEvent::What what;
    ConnectionEvent::By by;
    std::string address;
    Status status;
  };

  void on_begin(Call& call) noexcept override { begun.emplace_back(call.path()); }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    ended.push_back({std::string(call.path()), status, stats});
  }
  void on_attempt_begin(Call&) noexcept override { ++attempts_begun; }
  void on_attempt_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    attempts.push_back({std::string(call.path()), status, stats});
  }
  void on_refused(std::string_view path, const Peer& peer, const Status& status) noexcept override {
    refused.push_back({std::string(path), peer.describe(), status});
  }
  void on_connection(const ConnectionEvent& event) noexcept override {
    connections.push_back({event.what, event.by, event.address.to_string(), event.status});
  }
  void on_endpoint(const EndpointEvent& event) noexcept override {
    endpoints.emplace_back(event.what, to_string(event.endpoint));
  }
  void on_resolver(const ResolverEvent& event) noexcept override {
    answers.emplace_back(event.endpoints, event.status);
  }
  void on_policy(const PolicyEvent& event) noexcept override {
    policies.push_back(std::string(event.policy) + "." + std::string(event.event));
  }

  std::vector<ConnectionEvent::What> connection_events() const {
    std::vector<ConnectionEvent::What> all;
    for (const Connection& connection : connections) all.push_back(connection.what);
    return all;
  }
  /// The one call that has ended.
  const Ended& only() const {
    EXPECT_EQ(begun.size(), 1U);
    EXPECT_EQ(ended.size(), 1U);
    static const Ended kNone{};
    return ended.empty() ? kNone : ended.front();
  }

  std::vector<std::string> begun;
  std::vector<Ended> ended;
  int attempts_begun = 0;
  std::vector<Ended> attempts;
  std::vector<Refused> refused;
  std::vector<Connection> connections;
  std::vector<std::pair<EndpointEvent::What, std::string>> endpoints;
  std::vector<std::pair<std::size_t, Status>> answers;
  std::vector<std::string> policies;
};

/// Takes a while; does what the request says.
class Slow : public Kinds {
 public:
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    const Text asked = request;
    Status slept = co_await net::sleep(20ms);
    if (!slept.ok()) co_return slept;
    if (asked.value() == "fail") co_return not_found("nothing here");
    co_return text("a longer answer");
  }
};

Task<Status> call(Service& channel, std::string value, CallOptions options = {}) {
  const Text request = text(value);
  const Result<Text> reply = co_await test::unary(channel, request, options);
  co_return reply.status();
}

class Observed : public ::testing::Test {
 protected:
  explicit Observed(InProcess::Options options = {.link = kExact}) : world(std::move(options)) {
    server = std::make_shared<Record>();
    client = std::make_shared<Record>();
    world.server().add(server);
  }
  Channel& channel() {
    Channel& made = world.channel();
    if (!std::exchange(added_, true)) made.add(client);
    return made;
  }
  /// Does what comes after the answer.
  void settle() { world.run_for(1s); }

  std::shared_ptr<Record> server;
  std::shared_ptr<Record> client;
  InProcess world;

 private:
  bool added_ = false;
};

TEST_F(Observed, AUnaryCallIsCountedExactlyOnBothSides) {
  world.add<Slow>();
  EXPECT_EQ(world.run(call(channel(), "ask")), ok_status());
  settle();
  // BytesValue: a tag and a length before the bytes. On the wire gRPC's prefix of five.
  const CallStats& sent = client->only().stats;
  EXPECT_EQ(client->only().path, "/test.Kinds/Unary");
  EXPECT_EQ(client->only().status, ok_status());
  EXPECT_EQ(sent.sent_messages, 1U);
  EXPECT_EQ(sent.received_messages, 1U);
  EXPECT_EQ(sent.sent_bytes, 5U);
  EXPECT_EQ(sent.received_bytes, 17U);
  EXPECT_EQ(sent.sent_wire_bytes, 10U);
  EXPECT_EQ(sent.received_wire_bytes, 22U);
  EXPECT_EQ(sent.attempts, 1U);
  EXPECT_GE(sent.waited, 2ms);  // the connection was made for it
  EXPECT_GE(sent.took, sent.waited + 22ms);
  const CallStats& served = server->only().stats;
  EXPECT_EQ(server->only().status, ok_status());
  EXPECT_EQ(served.sent_messages, 1U);
  EXPECT_EQ(served.received_messages, 1U);
  EXPECT_EQ(served.sent_bytes, 17U);
  EXPECT_EQ(served.received_bytes, 5U);
  EXPECT_EQ(served.sent_wire_bytes, 22U);
  EXPECT_EQ(served.received_wire_bytes, 10U);
  EXPECT_EQ(served.in_handler, 20ms);
  EXPECT_GE(served.took, served.in_handler);
  EXPECT_LT(served.took, 22ms);
}

TEST_F(Observed, TheSecondCallDoesNotWait) {
  world.add<Slow>();
  EXPECT_EQ(world.run(call(channel(), "ask")), ok_status());
  EXPECT_EQ(world.run(call(channel(), "ask")), ok_status());
  ASSERT_THAT(client->ended, SizeIs(2));
  EXPECT_EQ(client->ended[1].stats.waited, 0ms);
}

TEST_F(Observed, AFailureIsToldWithItsStatus) {
  world.add<Slow>();
  EXPECT_EQ(world.run(call(channel(), "fail")).code(), StatusCode::NotFound);
  settle();
  EXPECT_EQ(client->only().status.code(), StatusCode::NotFound);
  EXPECT_EQ(client->only().status.origin(), Origin::Peer);
  EXPECT_EQ(server->only().status, not_found("nothing here"));
  EXPECT_EQ(server->only().stats.sent_messages, 0U);
}

TEST_F(Observed, ADeadlineEndsTheCallOnBothSides) {
  world.add<Slow>();
  ASSERT_EQ(world.run(call(channel(), "warm")), ok_status());
  EXPECT_FALSE(world.run(call(channel(), "ask", {.timeout = 10ms})).ok());
  settle();
  ASSERT_THAT(client->ended, SizeIs(2));
  ASSERT_THAT(server->ended, SizeIs(2));
  EXPECT_EQ(client->ended[1].status.code(), StatusCode::DeadlineExceeded);
  EXPECT_FALSE(server->ended[1].status.ok());
  EXPECT_LE(server->ended[1].stats.in_handler, 11ms);
}

TEST_F(Observed, ADroppedCallEndsCancelled) {
  world.add<Slow>();
  ASSERT_EQ(world.run(call(channel(), "warm")), ok_status());
  const auto drop = [](Channel& to) -> Task<> {
    Task<Status> running = call(to, "ask");
    running.start(co_await current_context(), {[](void*) noexcept {}, nullptr});
    static_cast<void>(co_await net::sleep(5ms));
  };
  world.run(drop(channel()));
  settle();
  ASSERT_THAT(client->ended, SizeIs(2));
  EXPECT_EQ(client->ended[1].status.code(), StatusCode::Cancelled);
  ASSERT_THAT(server->ended, SizeIs(2));
  EXPECT_EQ(server->ended[1].status.code(), StatusCode::Cancelled);
  EXPECT_LT(server->ended[1].stats.in_handler, 20ms);
}

TEST_F(Observed, CompressedMessagesAreSmallerOnTheWire) {
  world.add<Kinds>();
  const std::string large(10'000, 'x');
  EXPECT_EQ(world.run(call(channel(), large, {.compression = Compression::Gzip})), ok_status());
  settle();
  const CallStats& sent = client->only().stats;
  EXPECT_EQ(sent.sent_bytes, 10'003U);
  EXPECT_LT(sent.sent_wire_bytes, 1'000U);
  EXPECT_GT(sent.sent_wire_bytes, 5U);
  const CallStats& served = server->only().stats;
  EXPECT_EQ(served.received_bytes, 10'003U);
  EXPECT_EQ(served.received_wire_bytes, sent.sent_wire_bytes);
  EXPECT_EQ(served.sent_wire_bytes, sent.received_wire_bytes);
}

TEST_F(Observed, EachMessageOfAStreamCounts) {
  world.add<Kinds>();
  const auto chat = [](Channel& to) -> Task<Status> {
    auto stream = co_await test::chat(to);
    for (int i = 0; i < 3; ++i) {
      const Text part = text("x");
      if (!co_await stream.write(part)) co_return internal_error("not written");
      if (!co_await stream.read()) co_return internal_error("not echoed");
    }
    stream.half_close();
    if (co_await stream.read()) co_return internal_error("a message too many");
    co_return co_await stream.finish();
  };
  EXPECT_EQ(world.run(chat(channel())), ok_status());
  settle();
  EXPECT_EQ(client->only().stats.sent_messages, 3U);
  EXPECT_EQ(client->only().stats.received_messages, 3U);
  EXPECT_EQ(server->only().stats.received_bytes, 9U);
  EXPECT_EQ(server->only().stats.sent_wire_bytes, 24U);
}

/// Repeats once what has failed.
Task<Status> try_twice(Call& call, Next next) {
  Status first = co_await next(call);
  if (first.ok() || !call.requests().rewind()) co_return first;
  co_return co_await next(call);
}

TEST_F(Observed, AttemptsAreToldOneByOneAndCountTogether) {
  world.add<Slow>();
  channel().use(&try_twice);
  EXPECT_EQ(world.run(call(channel(), "fail")).code(), StatusCode::NotFound);
  EXPECT_EQ(client->attempts_begun, 2);
  ASSERT_THAT(client->attempts, SizeIs(2));
  EXPECT_EQ(client->attempts[0].status.code(), StatusCode::NotFound);
  EXPECT_EQ(client->attempts[1].stats.attempts, 1U);
  EXPECT_EQ(client->attempts[1].stats.sent_wire_bytes, 11U);
  EXPECT_EQ(client->only().stats.attempts, 2U);
  EXPECT_EQ(client->only().stats.sent_messages, 2U);
  EXPECT_EQ(client->only().stats.sent_wire_bytes, 22U);
  EXPECT_THAT(server->ended, SizeIs(2));
}

TEST_F(Observed, WaitingForReadyIsMeasured) {
  world.add<Slow>();
  Channel late("client:7");
  late.add(client);
  world.start();
  EXPECT_FALSE(world.run(call(late, "ask", {.timeout = 300ms, .wait_for_ready = true})).ok());
  EXPECT_EQ(client->only().stats.attempts, 0U);
  EXPECT_EQ(client->only().stats.waited, 300ms);
  EXPECT_EQ(client->only().status.code(), StatusCode::DeadlineExceeded);
}

TEST_F(Observed, EveryObserverIsTold) {
  world.add<Kinds>();
  const auto more = std::make_shared<Record>();
  const auto third = std::make_shared<Record>();
  world.server().add(more);
  world.server().add(third);
  channel().add(more);
  EXPECT_EQ(world.run(call(channel(), "x")), ok_status());
  settle();
  EXPECT_THAT(server->ended, SizeIs(1));
  EXPECT_THAT(client->ended, SizeIs(1));
  EXPECT_THAT(third->ended, SizeIs(1));
  EXPECT_THAT(more->ended, SizeIs(2));
  EXPECT_THAT(more->connections, SizeIs(2));
}

TEST_F(Observed, AnUnknownMethodIsRefused) {
  constexpr MethodDescriptor kUnknown{"No", "/test.Kinds/No", MethodKind::Unary};
  world.add<Kinds>();
  const auto ask = [&](Channel& to) -> Task<Status> {
    const Text request = text("x");
    co_return (co_await call_unary<Text>(to, kUnknown, request, {})).status();
  };
  EXPECT_EQ(world.run(ask(channel())).code(), StatusCode::Unimplemented);
  settle();
  EXPECT_THAT(server->begun, IsEmpty());
  EXPECT_THAT(server->ended, IsEmpty());
  ASSERT_THAT(server->refused, SizeIs(1));
  EXPECT_EQ(server->refused[0].path, "/test.Kinds/No");
  EXPECT_EQ(server->refused[0].status.code(), StatusCode::Unimplemented);
  EXPECT_THAT(server->refused[0].peer, HasSubstr("client"));
  EXPECT_EQ(client->only().status.code(), StatusCode::Unimplemented);
}

TEST_F(Observed, HeadersThatAreTooLargeAreRefusedWithoutAPath) {
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  testing::Fields fields = testing::grpc_request("/test.Kinds/Unary");
  fields.emplace_back("filler", std::string(16'300, 'x'));
  peer->send(testing::headers(1, fields));
  peer->expect_end(1);
  ASSERT_THAT(server->refused, SizeIs(1));
  EXPECT_EQ(server->refused[0].path, "");
  EXPECT_EQ(server->refused[0].status.code(), StatusCode::ResourceExhausted);
}

TEST_F(Observed, RequestsThatAreNotGrpcsAreRefused) {
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  testing::Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (auto& [name, value] : fields) {
    if (name == "content-type") value = "text/html";
  }
  peer->send(testing::headers(1, fields, testing::EndStream::Yes));
  peer->expect_end(1);
  ASSERT_THAT(server->refused, SizeIs(1));
  EXPECT_EQ(server->refused[0].path, "/test.Kinds/Unary");
  EXPECT_THAT(server->refused[0].status.message(), HasSubstr("text/html"));
}

TEST_F(Observed, ABadTimeoutIsRefused) {
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  testing::Fields fields = testing::grpc_request("/test.Kinds/Unary");
  fields.emplace_back("grpc-timeout", "soon");
  peer->send(testing::headers(1, fields, testing::EndStream::Yes));
  peer->expect_end(1);
  ASSERT_THAT(server->refused, SizeIs(1));
  EXPECT_THAT(server->refused[0].status.message(), HasSubstr("soon"));
  EXPECT_THAT(server->begun, IsEmpty());
}

class ObservedLimits : public Observed {
 protected:
  ObservedLimits() : Observed({.link = kExact, .server = {.max_calls = 1}}) {}
};

TEST_F(ObservedLimits, ACallTooManyIsRefused) {
  world.add<Slow>();
  const auto two = [](Channel& to) -> Task<> {
    Scope scope(nullptr);
    for (int i = 0; i < 2; ++i) {
      scope.spawn([](Channel& of) -> Task<> { static_cast<void>(co_await call(of, "ask")); }(to));
    }
    co_await scope.join();
  };
  world.run(two(channel()));
  settle();
  EXPECT_THAT(server->ended, SizeIs(1));
  ASSERT_THAT(server->refused, SizeIs(1));
  EXPECT_EQ(server->refused[0].status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(server->refused[0].status.message(), HasSubstr("ServerOptions::max_calls"));
}

TEST_F(Observed, AConnectionIsOpenedAndClosedOnBothSides) {
  using enum ConnectionEvent::What;
  world.add<Kinds>();
  EXPECT_EQ(world.run(call(channel(), "x")), ok_status());
  EXPECT_THAT(server->connection_events(), ElementsAre(Opened));
  EXPECT_THAT(client->connection_events(), ElementsAre(Opened));
  EXPECT_THAT(client->connections[0].address, HasSubstr("server"));
  world.drop_channel();
  settle();
  ASSERT_THAT(client->connection_events(), ElementsAre(Opened, Closed));
  EXPECT_EQ(client->connections[1].by, ConnectionEvent::By::Local);
  ASSERT_THAT(server->connection_events(), ElementsAre(Opened, Closed));
  EXPECT_EQ(server->connections[1].by, ConnectionEvent::By::Peer);
}

TEST_F(Observed, AServerThatStopsLeaves) {
  using enum ConnectionEvent::What;
  world.add<Kinds>();
  EXPECT_EQ(world.run(call(channel(), "x")), ok_status());
  Task<> stopping = world.server().shutdown(1s);
  testing::run(world.server_host(), std::move(stopping), 1min);
  settle();
  ASSERT_THAT(server->connection_events(), ElementsAre(Opened, Leaving, Closed));
  EXPECT_EQ(server->connections[1].by, ConnectionEvent::By::Local);
  EXPECT_EQ(server->connections[1].status.message(), "the server is stopping");
  ASSERT_GE(client->connections.size(), 3U);
  EXPECT_EQ(client->connections[1].what, Leaving);
  EXPECT_EQ(client->connections[1].by, ConnectionEvent::By::Peer);
  EXPECT_THAT(client->connections[1].status.message(), HasSubstr("GOAWAY"));
  EXPECT_EQ(client->connections[2].what, Closed);
}

TEST_F(Observed, ALostConnectionIsTheNetworksDoing) {
  world.add<Kinds>();
  EXPECT_EQ(world.run(call(channel(), "x")), ok_status());
  world.network().break_connections("client", "server");
  settle();
  ASSERT_GE(server->connections.size(), 2U);
  EXPECT_EQ(server->connections[1].what, ConnectionEvent::What::Closed);
  EXPECT_EQ(server->connections[1].by, ConnectionEvent::By::Network);
}

TEST_F(Observed, AConnectionThatDoesNotSpeakHttp2Fails) {
  using enum ConnectionEvent::What;
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect_silently(world.client_host(), "server", InProcess::kPort);
  peer->send("GET / HTTP/1.1\r\nhost: here and there\r\n\r\n");
  peer->expect_closed();
  settle();
  ASSERT_THAT(server->connection_events(), ElementsAre(Opened, Failed, Closed));
  EXPECT_FALSE(server->connections[1].status.ok());
}

TEST_F(Observed, AServerThatIsAwayFailsTheConnection) {
  world.start();
  Channel nowhere("client:7");
  nowhere.add(client);
  EXPECT_FALSE(world.run(call(nowhere, "x")).ok());
  ASSERT_FALSE(client->connections.empty());
  EXPECT_EQ(client->connections[0].what, ConnectionEvent::What::Failed);
  EXPECT_EQ(client->connections[0].by, ConnectionEvent::By::Network);
  EXPECT_EQ(client->connections[0].status.code(), StatusCode::Unavailable);
}

struct Failing : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (failing) co_return unavailable("ill");
    co_return request;
  }
  bool failing = false;
};

class ObservedFleet : public ::testing::Test {
 protected:
  ObservedFleet() {
    for (const char* name : {"a", "b", "c"}) {
      servers_.push_back(
          std::make_unique<Server>(ServerOptions{.listen = ":1", .loops = {&network.host(name)}}));
      services.push_back(&servers_.back()->add<Failing>());
      EXPECT_TRUE(servers_.back()->start().ok());
    }
    OutlierOptions outliers;
    outliers.max_ejection_percent = 50;
    channel = std::make_unique<Channel>(
        "fleet",
        ChannelOptions{.balancing = {.policy = round_robin(), .outlier_detection = outliers},
                       .resolver = resolver.factory()});
    channel->add(record);
  }
  ~ObservedFleet() override {
    channel.reset();
    network.run_for(1s);
  }
  void make_calls(int count) {
    for (int i = 0; i < count; ++i) {
      static_cast<void>(testing::run(network.host("client"), call(*channel, "x"), 1min));
    }
  }
  long count(EndpointEvent::What what, const std::string& name) const {
    return std::count_if(record->endpoints.begin(), record->endpoints.end(), [&](const auto& one) {
      return one.first == what && one.second.find(name) != std::string::npos;
    });
  }

  net::SimNetwork network{1};
  ScriptedResolver resolver;
  std::shared_ptr<Record> record = std::make_shared<Record>();
  std::vector<Failing*> services;
  std::unique_ptr<Channel> channel;

 private:
  std::vector<std::unique_ptr<Server>> servers_;
};

TEST_F(ObservedFleet, InstancesAreEjectedAndComeBack) {
  using enum EndpointEvent::What;
  resolver.publish(std::vector<std::string>{"a:1", "b:1", "c:1"});
  make_calls(3);
  EXPECT_EQ(count(Found, "a:1"), 1);
  EXPECT_EQ(count(Found, "c:1"), 1);
  services[0]->failing = true;
  make_calls(60);
  EXPECT_EQ(count(Ejected, "a:1"), 1);
  EXPECT_EQ(count(Ejected, "b:1"), 0);
  services[0]->failing = false;
  network.run_for(60s);
  EXPECT_EQ(count(Probing, "a:1"), 1);
  EXPECT_EQ(count(Back, "a:1"), 0);
  make_calls(60);
  EXPECT_EQ(count(Back, "a:1"), 1);
  resolver.publish(std::vector<std::string>{"b:1", "c:1"});
  network.run_for(1s);
  EXPECT_EQ(count(Gone, "a:1"), 1);
}

TEST_F(ObservedFleet, AnswersAndErrorsOfTheResolverAreTold) {
  resolver.publish(std::vector<std::string>{"a:1", "b:1"});
  make_calls(1);
  resolver.fail(unavailable("no registry"));
  network.run_for(1s);
  ASSERT_GE(record->answers.size(), 2U);
  EXPECT_EQ(record->answers[0].first, 2U);
  EXPECT_TRUE(record->answers[0].second.ok());
  EXPECT_EQ(record->answers.back().first, 0U);
  EXPECT_EQ(record->answers.back().second, unavailable("no registry"));
}

TEST(AnObserver, IsTakenByPolicies) {
  Record record;
  tell(&record, {.policy = "breaker", .event = "opened", .path = "/a/B"});
  tell(nullptr, {.policy = "breaker", .event = "closed", .path = "/a/B"});
  EXPECT_THAT(record.policies, ElementsAre("breaker.opened"));
}

TEST(AnInprocCall, IsObservedOnBothSides) {
  net::SimNetwork network{1};
  net::SimLoop& host = network.host("here");
  const auto server = std::make_shared<Record>();
  const auto client = std::make_shared<Record>();
  Server serving({.listen = "inproc:observed", .loops = {&host}});
  serving.add<Slow>();
  serving.add(server);
  ASSERT_TRUE(serving.start().ok());
  {
    Channel channel("inproc:observed");
    channel.add(client);
    EXPECT_EQ(testing::run(host, call(channel, "ask"), 1min), ok_status());
    EXPECT_EQ(testing::run(host, call(channel, "fail"), 1min).code(), StatusCode::NotFound);
  }
  network.run_until_idle(1min);
  ASSERT_THAT(client->ended, SizeIs(2));
  EXPECT_EQ(client->ended[0].stats.sent_bytes, 5U);
  EXPECT_EQ(client->ended[0].stats.received_bytes, 17U);
  EXPECT_EQ(client->ended[0].stats.sent_wire_bytes, 0U);
  EXPECT_EQ(client->ended[0].stats.attempts, 1U);
  EXPECT_EQ(client->ended[0].stats.took, 20ms);
  ASSERT_THAT(server->ended, SizeIs(2));
  EXPECT_EQ(server->ended[0].stats.received_bytes, 5U);
  EXPECT_EQ(server->ended[0].stats.sent_bytes, 17U);
  EXPECT_EQ(server->ended[0].stats.in_handler, 20ms);
  EXPECT_EQ(server->ended[1].status, not_found("nothing here"));
  EXPECT_THAT(server->connections, IsEmpty());
}

}  // namespace
}  // namespace weft::rpc
