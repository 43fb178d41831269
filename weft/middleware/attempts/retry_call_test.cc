// Retry and hedging between a Channel and a Server, over a simulated network.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/attempts/hedge.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/internal/test_calls.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_resolver.h"

namespace weft::middleware::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::InProcess;

constexpr MethodDescriptor kMethods[] = {kUnary, kCollect, kChat};
constexpr ServiceDescriptor kDescriptor{"test.Kinds", kMethods, nullptr};

/// Does what the n-th script says with the n-th call, as a handler.
class Server final : public ServiceDefinition {
 public:
  explicit Server(ScriptedService& far) : far_(far) {}
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override { return far_.serve(call); }

 private:
  ScriptedService& far_;
};

Task<Result<Text>> collect(Service& service, int parts) {
  auto stream = co_await rpc::OpenStream<ClientWriter<Text, Text>>(service, kCollect, nullptr, {});
  for (int i = 0; i < parts; ++i) {
    const Text message = text(std::string(1000, static_cast<char>('a' + i)));
    if (!co_await stream.write(message)) break;
  }
  co_return co_await stream.finish();
}

class RetryCall : public ::testing::Test {
 protected:
  Channel& serve(ScriptedService& far, Middleware policy) {
    world_.add<Server>(far);
    Channel& channel = world_.channel();
    channel.use(std::move(policy));
    return channel;
  }
  static RetryOptions steady() {
    RetryOptions options;
    options.initial_backoff = 100ms;
    options.jitter = 0;
    return options;
  }

  // The far side's calls end with the world.
  InProcess world_;
};

TEST_F(RetryCall, AFailureOfTheServerIsRepeatedOverTheWire) {
  ScriptedService far(
      {{.status = unavailable("one")},
       {.status = unavailable("two"), .trailers = metadata("grpc-retry-pushback-ms", "700")},
       {.response_metadata = metadata("from", "third"),
        .responses = {wire("done")},
        .trailers = metadata("end", "third")}});
  Channel& channel = serve(far, retry(steady()));
  const Text request = text("question");
  Metadata response_metadata;
  Metadata trailers;
  CallOptions options;
  options.response_metadata = &response_metadata;
  options.trailers = &trailers;
  const Result<Text> reply = world_.run(rpc::call_unary<Text>(channel, kUnary, request, options));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "done");
  EXPECT_EQ(response_metadata.get("from"), "third");
  EXPECT_EQ(trailers.get("end"), "third");
  ASSERT_EQ(far.calls(), 3U);
  EXPECT_THAT(far.seen()[2].requests, ElementsAre(wire("question")));
  EXPECT_EQ(far.seen()[2].metadata.get("grpc-previous-rpc-attempts"), "2");
  const Duration pause = far.seen()[2].begun - far.seen()[1].ended_at;
  EXPECT_GE(pause, 700ms);
  EXPECT_LT(pause, 710ms);
}

/// What a channel's observer and the policy's, which is the same, are told.
class Told final : public Observer {
 public:
  void on_end(Call&, const Status& status, const CallStats& stats) noexcept override {
    ended.emplace_back(status, stats);
  }
  void on_attempt_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    codes.push_back(status.code());
    previous.push_back(call.previous_attempts());
    attempts.push_back(stats);
  }
  void on_policy(const PolicyEvent& event) noexcept override {
    events.push_back(std::string(event.policy) + "." + std::string(event.event));
  }
  std::vector<std::pair<Status, CallStats>> ended;
  std::vector<StatusCode> codes;
  std::vector<std::uint32_t> previous;
  std::vector<CallStats> attempts;
  std::vector<std::string> events;
};

TEST_F(RetryCall, AnObserverSeesEachAttemptAndTheCall) {
  ScriptedService far({{.status = unavailable("one")}, {.responses = {wire("done")}}});
  const auto told = std::make_shared<Told>();
  RetryOptions options = steady();
  options.observer = told.get();
  Channel& channel = serve(far, retry(options));
  channel.add(told);
  const Text request = text("question");
  EXPECT_TRUE(world_.run(rpc::call_unary<Text>(channel, kUnary, request, CallOptions())).ok());
  EXPECT_THAT(told->codes, ElementsAre(StatusCode::Unavailable, StatusCode::Ok));
  EXPECT_THAT(told->previous, ElementsAre(0U, 1U));
  EXPECT_THAT(told->events, ElementsAre("retry.attempt"));
  ASSERT_EQ(told->attempts.size(), 2U);
  EXPECT_EQ(told->attempts[0].received_messages, 0U);
  EXPECT_EQ(told->attempts[1].sent_wire_bytes, wire("question").size() + 5);
  ASSERT_EQ(told->ended.size(), 1U);
  EXPECT_EQ(told->ended[0].first, ok_status());
  const CallStats& call = told->ended[0].second;
  EXPECT_EQ(call.attempts, 2U);
  EXPECT_EQ(call.sent_messages, 2U);
  EXPECT_EQ(call.received_messages, 1U);
  EXPECT_EQ(call.sent_bytes, 2 * wire("question").size());
  EXPECT_EQ(call.received_bytes, wire("done").size());
  EXPECT_GE(call.took, told->attempts[0].took + 100ms + told->attempts[1].took);
}

TEST_F(RetryCall, AResponseThatHasBegunIsNotRepeated) {
  ScriptedService far({{.announces = true, .then_takes = 10ms, .status = unavailable("late")}});
  Channel& channel = serve(far, retry(steady()));
  const Text request = text("question");
  const Result<Text> reply =
      world_.run(rpc::call_unary<Text>(channel, kUnary, request, CallOptions()));
  EXPECT_EQ(reply.status(), unavailable("late"));
  EXPECT_EQ(far.calls(), 1U);
}

TEST_F(RetryCall, AStreamIsSentAgainWhole) {
  ScriptedService far({{.status = unavailable("one")}, {.responses = {wire("sum")}}});
  Channel& channel = serve(far, retry(steady()));
  const Result<Text> reply = world_.run(collect(channel, 20));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  ASSERT_EQ(far.calls(), 2U);
  EXPECT_EQ(far.seen()[0].requests.size(), 20U);
  EXPECT_EQ(far.seen()[1].requests, far.seen()[0].requests);
}

TEST_F(RetryCall, RetriesReachARestartedServer) {
  ScriptedService far({{.takes = 10s}, {.responses = {wire("done")}}});
  RetryOptions options = steady();
  options.max_attempts = 10;
  Channel& channel = serve(far, retry(options));
  struct Breaker : net::Timer {
    explicit Breaker(InProcess& owner)
        : Timer([](Timer& self) noexcept {
            static_cast<Breaker&>(self).world.network().break_connections("client", "server");
          }),
          world(owner) {}
    InProcess& world;
  };
  const Text request = text("question");
  Breaker breaker(world_);
  world_.client_host().arm(breaker, after(world_.now(), 500ms));
  const Result<Text> reply =
      world_.run(rpc::call_unary<Text>(channel, kUnary, request, CallOptions()));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(far.calls(), 2U);
}

TEST_F(RetryCall, TheLoserOfAHedgeIsCancelledAtTheServer) {
  ScriptedService far({{.takes = 10s}, {.responses = {wire("quick")}}});
  HedgeOptions options;
  options.delay = 50ms;
  Channel& channel = serve(far, hedge(options));
  const Text request = text("question");
  const Result<Text> reply =
      world_.run(rpc::call_unary<Text>(channel, kUnary, request, CallOptions()));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "quick");
  world_.run_for(10ms);
  ASSERT_TRUE(far.seen()[0].ended.has_value());
  EXPECT_EQ(far.seen()[0].ended->code(), StatusCode::Cancelled);
  EXPECT_EQ(far.running(), 0U);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(RetryCall, AStreamsLargeRequestsPassThroughOnceItIsCommitted) {
  ScriptedService far({{.responses = {wire("sum")}}});
  RetryOptions options = steady();
  options.buffer_limit = 5000;
  Channel& channel = serve(far, retry(options));
  const Result<Text> reply = world_.run(collect(channel, 500));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(far.seen()[0].requests.size(), 500U);
}

TEST_F(RetryCall, AChannelThatIsDestroyedEndsTheAttempts) {
  ScriptedService far({{.takes = 10s}});
  Channel& channel = serve(far, hedge({.delay = 50ms}));
  const Text request = text("question");
  Task<Result<Text>> call = rpc::call_unary<Text>(channel, kUnary, request, CallOptions());
  world_.client_host().enter([&] { call.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  world_.run_for(200ms);
  EXPECT_EQ(far.calls(), 2U);
  world_.drop_channel();
  world_.run_for(200ms);
  ASSERT_TRUE(call.done());
  EXPECT_EQ(call.take().status().code(), StatusCode::Cancelled);
}

// Several instances.

class Fleet : public ::testing::Test {
 protected:
  void start(const std::string& name, std::vector<Script> scripts) {
    far_.push_back(std::make_unique<ScriptedService>(std::move(scripts)));
    servers_.push_back(std::make_unique<weft::Server>(
        ServerOptions{.listen = ":1", .loops = {&network_.host(name)}}));
    servers_.back()->add<Server>(*far_.back());
    ASSERT_TRUE(servers_.back()->start().ok());
    names_.push_back(name + ":1");
    resolver_.publish(names_);
  }
  Result<Text> ask() {
    const Text request = text("question");
    return testing::run(client_, rpc::call_unary<Text>(*channel_, kUnary, request, CallOptions()));
  }
  void connect(Middleware policy) {
    channel_ = std::make_unique<Channel>(
        "fleet",
        ChannelOptions{.balancing = {.policy = random_choice()}, .resolver = resolver_.factory()});
    channel_->use(std::move(policy));
    EXPECT_TRUE(testing::run(client_, channel_->connect()).ok());
    network_.run_for(1s);
  }

  net::SimNetwork network_{1};
  net::SimLoop& client_ = network_.host("client");
  testing::ScriptedResolver resolver_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<ScriptedService>> far_;
  std::vector<std::unique_ptr<weft::Server>> servers_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(Fleet, ARetryGoesWhereTheCallHasNotBeen) {
  const Script ill{.status = unavailable("ill")};
  start("a", {ill});
  start("b", {ill});
  start("c", {{.responses = {wire("well")}}});
  RetryOptions options;
  options.initial_backoff = options.max_backoff = 1ms;
  options.budget = unlimited_budget();
  connect(retry(options));
  for (int i = 0; i < 50; ++i) {
    const Result<Text> reply = ask();
    ASSERT_TRUE(reply.ok()) << i << ": " << reply.status().to_string();
  }
  EXPECT_EQ(far_[2]->calls(), 50U);
}

TEST_F(Fleet, AHedgeGoesToAnotherInstanceThanTheSlowOne) {
  start("a", {{.takes = 10s}});
  start("b", {{.responses = {wire("quick")}}});
  HedgeOptions options;
  options.delay = 20ms;
  options.budget = unlimited_budget();
  connect(hedge(options));
  for (int i = 0; i < 50; ++i) {
    const TimePoint begun = network_.now();
    const Result<Text> reply = ask();
    ASSERT_TRUE(reply.ok()) << i << ": " << reply.status().to_string();
    EXPECT_LT(network_.now() - begun, 30ms);
  }
  EXPECT_GT(far_[0]->calls(), 10U);
}

}  // namespace
}  // namespace weft::middleware::test
