// A channel over several instances: who gets the calls, and what happens as instances come, go and
// fall ill. Which balancer decides how is tested in weft/cluster.

#include "weft/rpc/client/balancing.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/grpc/load_report.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_resolver.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Text;
using test::text;
using testing::ScriptedResolver;

constexpr net::SimLink kExact{.latency = 1ms, .jitter = 0ns};

/// Answers with its name, after a while where it is slow; or fails.
struct Named : test::Kinds {
  explicit Named(std::string own) : name(std::move(own)) {}
  Task<Result<Text>> Unary(ServerContext& context, const Text&) override {
    ++calls;
    if (load) context.trailers().add(kLoadReportTrailer, write_load_report(*load));
    if (delay != Duration::zero()) static_cast<void>(co_await net::sleep(delay));
    if (failing) co_return unavailable(name + " is ill");
    co_return text(name);
  }
  std::string name;
  Duration delay{};
  bool failing = false;
  std::optional<cluster::LoadReport> load;
  int calls = 0;
};

class Balanced : public ::testing::Test {
 protected:
  /// Health watches end with their channel, in its loop's next turn.
  ~Balanced() override {
    channel.reset();
    network.run_for(1s);
  }
  void start(const std::string& name) {
    auto server =
        std::make_unique<Server>(ServerOptions{.listen = ":1", .loops = {&network.host(name)}});
    services[name] = &server->add<Named>(name);
    ASSERT_TRUE(server->start().ok());
    servers[name] = std::move(server);
  }
  void start_all(const std::vector<std::string>& names) {
    for (const std::string& name : names) start(name);
    resolver.publish(at_port(names));
  }
  static std::vector<std::string> at_port(std::vector<std::string> names) {
    for (std::string& name : names) name.append(":1");
    return names;
  }
  Channel& make_channel(BalancingOptions balancing = {.policy = round_robin()}) {
    channel = std::make_unique<Channel>(
        "fleet", ChannelOptions{.balancing = std::move(balancing), .resolver = resolver.factory()});
    return *channel;
  }
  static Task<Result<std::string>> ask(Channel& channel, CallOptions options) {
    const Text request = text("who");
    Result<Text> reply = co_await test::unary(channel, request, options);
    if (!reply.ok()) co_return reply.status();
    co_return reply->value();
  }
  Result<std::string> call(CallOptions options = {}) {
    return testing::run(client, ask(*channel, options));
  }
  /// Who answered so many calls, one after the other, how often.
  std::map<std::string, int> count(int calls) {
    std::map<std::string, int> answers;
    for (int i = 0; i < calls; ++i) {
      const Result<std::string> reply = call();
      ++answers[reply.ok() ? *reply : reply.status().to_string()];
    }
    return answers;
  }

  net::SimNetwork network{1, kExact};
  net::SimLoop& client = network.host("client");
  ScriptedResolver resolver;
  std::map<std::string, std::unique_ptr<Server>> servers;
  std::map<std::string, Named*> services;
  std::unique_ptr<Channel> channel;
};

using Answers = std::map<std::string, int>;

TEST_F(Balanced, CallsGoRoundTheInstances) {
  start_all({"a", "b", "c"});
  make_channel();
  network.run_for(1s);
  ASSERT_TRUE(testing::run(client, channel->connect()).ok());
  network.run_for(1s);
  EXPECT_EQ(count(30), (Answers{{"a", 10}, {"b", 10}, {"c", 10}}));
}

TEST_F(Balanced, SharesFollowWhatServersReportOfTheirLoad) {
  start_all({"a", "b"});
  services["a"]->load = {.cpu_utilization = 0.2, .rps_fractional = 100};
  services["b"]->load = {.cpu_utilization = 0.6, .rps_fractional = 100};
  make_channel({.policy = weighted_round_robin({.blackout_period = 1s})});
  network.run_for(1s);
  ASSERT_TRUE(testing::run(client, channel->connect()).ok());
  network.run_for(1s);
  for (int i = 0; i < 20; ++i) {
    count(2);
    network.run_for(100ms);
  }
  const Answers answers = count(400);
  EXPECT_NEAR(answers.at("a"), 300, 5);
  EXPECT_NEAR(answers.at("b"), 100, 5);
}

TEST_F(Balanced, NewInstancesGetCallsAndRemovedOnesNone) {
  start_all({"a", "b"});
  make_channel();
  count(10);
  start("c");
  resolver.publish(at_port({"a", "b", "c"}));
  network.run_for(100ms);
  EXPECT_EQ(count(30), (Answers{{"a", 10}, {"b", 10}, {"c", 10}}));
  resolver.publish(at_port({"c", "b"}));
  network.run_for(100ms);
  EXPECT_EQ(count(30), (Answers{{"b", 15}, {"c", 15}}));
  EXPECT_EQ(servers["a"]->active_connections(), 0U);
}

TEST_F(Balanced, CallsOnARemovedInstanceEndInPeace) {
  start_all({"a"});
  services["a"]->delay = 1s;
  make_channel();
  Task<Result<std::string>> slow = ask(*channel, {});
  client.enter([&] { slow.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  network.run_for(500ms);
  start("b");
  resolver.publish(at_port({"b"}));
  EXPECT_EQ(*call(), "b");
  EXPECT_EQ(servers["a"]->active_connections(), 1U);
  network.run_for(1s);
  ASSERT_TRUE(slow.done());
  EXPECT_EQ(*slow.take(), "a");
  network.run_for(1s);
  EXPECT_EQ(servers["a"]->active_connections(), 0U);
}

TEST_F(Balanced, AnEmptyOrFailingAnswerLeavesTheListThatWorked) {
  start_all({"a"});
  make_channel();
  EXPECT_EQ(*call(), "a");
  resolver.publish(std::vector<cluster::Endpoint>{});
  resolver.fail(unavailable("the registry is down"));
  EXPECT_EQ(*call(), "a");
}

TEST_F(Balanced, WithoutAnyListCallsFailWithTheReason) {
  resolver.fail(unavailable("the registry is down"));
  make_channel();
  EXPECT_EQ(call().status(), unavailable("the registry is down"));
  Task<Result<std::string>> patient = ask(*channel, {.wait_for_ready = true});
  client.enter([&] { patient.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  network.run_for(1s);
  EXPECT_FALSE(patient.done());
  start_all({"a"});
  network.run_for(1s);
  ASSERT_TRUE(patient.done());
  EXPECT_EQ(*patient.take(), "a");
}

TEST_F(Balanced, DuplicatesCountOnceAndEndpointsWithoutAddressNotAtAll) {
  start("a");
  start("b");
  auto list = ScriptedResolver::endpoints({"a:1", "a:1", "b:1", "a:1"});
  list.emplace_back();
  resolver.publish(list);
  make_channel();
  count(4);
  EXPECT_EQ(count(20), (Answers{{"a", 10}, {"b", 10}}));
}

TEST_F(Balanced, ADeadInstanceGetsNoCallsUntilItReturns) {
  start_all({"a", "b"});
  make_channel();
  count(4);
  network.set_down("a", true);
  network.run_for(10ms);
  EXPECT_EQ(count(20), (Answers{{"b", 20}}));
  EXPECT_GT(resolver.asked(), 0);
  network.set_down("a", false);
  network.run_for(5s);
  EXPECT_EQ(count(20), (Answers{{"a", 10}, {"b", 10}}));
}

TEST_F(Balanced, WhenNoneCanBeReachedTheStatusSaysSo) {
  network.host("a");
  network.host("b");
  resolver.publish(at_port({"a", "b"}));
  make_channel();
  const Status status = call().status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_TRUE(std::string(status.message())
                  .starts_with("fleet: none of 2 endpoints takes calls; last error: memory:"))
      << status.to_string();
}

TEST_F(Balanced, AnInstanceThatLeavesPolitelyCostsNoCall) {
  start_all({"a", "b"});
  make_channel();
  count(4);
  services["a"]->delay = 50ms;
  services["b"]->delay = 50ms;
  std::vector<Task<Result<std::string>>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(ask(*channel, {}));
    client.enter([&] { calls.back().start(nullptr, {[](void*) noexcept {}, nullptr}); });
    network.run_for(2ms);
    if (i == 30) network.host("a").enter([&] { servers["a"]->stop(); });
    if (i == 60) start("a");
  }
  network.run_for(1s);
  for (Task<Result<std::string>>& task : calls) {
    ASSERT_TRUE(task.done());
    const Result<std::string> reply = task.take();
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  }
}

TEST_F(Balanced, OneThatSaysItIsNotServingGetsNoCalls) {
  start_all({"a", "b", "c"});
  make_channel({.policy = round_robin(), .health_service = ""});
  count(6);
  network.run_for(100ms);
  servers["a"]->set_serving("", false);
  network.run_for(100ms);
  EXPECT_EQ(count(20), (Answers{{"b", 10}, {"c", 10}}));
  servers["a"]->set_serving("", true);
  network.run_for(100ms);
  EXPECT_EQ(count(21), (Answers{{"a", 7}, {"b", 7}, {"c", 7}}));
}

TEST_F(Balanced, WhenNoneIsServingTheStatusSaysWhoSaidSo) {
  start_all({"a"});
  make_channel({.policy = round_robin(), .health_service = "", .panic_threshold_percent = 0});
  EXPECT_EQ(*call(), "a");
  servers["a"]->set_serving("", false);
  network.run_for(100ms);
  const Status status = call().status();
  EXPECT_EQ(status.message(),
            "fleet: none of 1 endpoint takes calls; memory:a:1 says it is not serving");
}

TEST_F(Balanced, OneWithoutAHealthServiceCountsAsHealthy) {
  auto server = std::make_unique<Server>(
      ServerOptions{.listen = ":1", .loops = {&network.host("a")}, .health = false});
  server->add<Named>("a");
  ASSERT_TRUE(server->start().ok());
  resolver.publish(at_port({"a"}));
  make_channel({.policy = round_robin(), .health_service = "x"});
  EXPECT_EQ(*call(), "a");
}

TEST_F(Balanced, AFailingInstanceIsEjectedAndReturns) {
  start_all({"a", "b", "c"});
  OutlierOptions outliers;
  outliers.max_ejection_percent = 50;
  make_channel({.policy = round_robin(), .outlier_detection = outliers});
  count(3);
  services["a"]->failing = true;
  const Answers ill = count(60);
  EXPECT_EQ(ill.at("UNAVAILABLE: a is ill"), 5);
  services["a"]->failing = false;
  network.run_for(60s);
  EXPECT_GT(count(60)["a"], 10);
}

TEST_F(Balanced, ThePolicyMayChangeWhileCallsAreMade) {
  start_all({"a", "b", "c"});
  make_channel({.policy = pick_first()});
  EXPECT_EQ(count(9).size(), 1U);
  ASSERT_TRUE(channel->set_balancing({.policy = round_robin()}).ok());
  network.run_for(100ms);
  EXPECT_EQ(count(9), (Answers{{"a", 3}, {"b", 3}, {"c", 3}}));
  ASSERT_TRUE(channel->set_balancing({.policy = pick_first()}).ok());
  network.run_for(100ms);
  EXPECT_EQ(count(9).size(), 1U);
  EXPECT_EQ(channel->set_balancing({.policy = least_request({.choice_count = 1})}).code(),
            StatusCode::InvalidArgument);
}

TEST_F(Balanced, ASubsetIsAllThatOneClientUses) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("host" + std::to_string(i));
  start_all(names);
  make_channel({.policy = round_robin(), .subset_size = 5, .subset_client = "me"});
  count(5);
  network.run_for(100ms);
  const Answers answers = count(50);
  EXPECT_EQ(answers.size(), 5U);
  for (const auto& [name, calls] : answers) EXPECT_EQ(calls, 10) << name;
}

TEST_F(Balanced, CallsOfOneKeyGoToOneInstance) {
  start_all({"a", "b", "c", "d"});
  make_channel({.policy = ring_hash({.request_hash_header = "x-user"})});
  count(1);
  network.run_for(100ms);
  std::map<std::string, int> spread;
  for (int user = 0; user < 20; ++user) {
    Metadata metadata;
    metadata.add("x-user", std::to_string(user));
    const std::string first = *call({.metadata = &metadata});
    ++spread[first];
    for (int i = 0; i < 3; ++i) EXPECT_EQ(*call({.metadata = &metadata}), first);
  }
  EXPECT_GT(spread.size(), 2U);
}

TEST_F(Balanced, WhatStandsBeforeAnEndpointSeesWhichItIs) {
  start_all({"a", "b"});
  make_channel();
  auto seen = std::make_shared<Answers>();
  channel->use_per_endpoint([seen](Call& call, Next next) {
    ++(*seen)[to_string(*call.endpoint())];
    if (to_string(*call.endpoint()) == "memory:a:1") {
      return Task<Status>(unavailable("the breaker is open"));
    }
    return next(call);
  });
  network.run_for(1s);
  ASSERT_TRUE(testing::run(client, channel->connect()).ok());
  network.run_for(1s);
  EXPECT_EQ(count(10), (Answers{{"UNAVAILABLE: the breaker is open", 5}, {"b", 5}}));
  EXPECT_EQ(*seen, (Answers{{"memory:a:1", 5}, {"memory:b:1", 5}}));
}

TEST_F(Balanced, AnAttemptGoesWhereNoneHasBeen) {
  start_all({"a", "b", "c"});
  make_channel({.policy = random_choice()});
  count(1);
  network.run_for(100ms);
  services["b"]->failing = true;
  services["c"]->failing = true;
  struct TryAgain {
    Task<Status> operator()(Call& call, Next next) const { return run(call, next); }
    static Task<Status> run(Call& call, Next next) {
      cluster::Tried tried;
      call.set_tried(&tried);
      Status status;
      for (int i = 0; i < 3; ++i) {
        if (i != 0 && !call.requests().rewind()) break;
        status = co_await next(call);
        if (status.ok()) break;
      }
      call.set_tried(nullptr);
      co_return status;
    }
  };
  make_channel({.policy = random_choice()}).use(TryAgain());
  testing::run(client, channel->connect()).ok();
  network.run_for(100ms);
  EXPECT_EQ(count(50), (Answers{{"a", 50}}));
}

/// One server with three addresses, of which the first swallows what is sent to it.
TEST_F(Balanced, OfSeveralAddressesTheFirstThatAnswersIsUsed) {
  start("b");
  start("c");
  network.host("a");
  network.partition("client", "a");
  resolver.publish(at_port({"a", "b", "c"}));
  make_channel({.policy = pick_first()});
  const TimePoint begun = network.now();
  EXPECT_EQ(*call(), "b");
  // RFC 8305's 250 ms, and the round trips.
  EXPECT_GE(network.now() - begun, 250ms);
  EXPECT_LT(network.now() - begun, 270ms);
  network.heal("client", "a");
  network.run_for(1s);
  EXPECT_EQ(count(5), (Answers{{"b", 5}}));
}

TEST_F(Balanced, ARefusingAddressIsFollowedByTheNextAtOnce) {
  start("c");
  network.host("a");
  network.host("b");
  resolver.publish(at_port({"a", "b", "c"}));
  make_channel({.policy = pick_first()});
  const TimePoint begun = network.now();
  EXPECT_EQ(*call(), "c");
  EXPECT_LT(network.now() - begun, 20ms);
}

TEST_F(Balanced, AChannelMayBeDestroyedAtAnyTime) {
  start_all({"a", "b", "c"});
  for (const Duration when : {Duration(0us), Duration(500us), Duration(1500us), Duration(2500us),
                              Duration(3500us), Duration(10ms), Duration(100ms)}) {
    make_channel({.policy = round_robin(), .health_service = ""});
    Task<Result<std::string>> task = ask(*channel, {});
    client.enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    network.run_for(when);
    channel.reset();
    network.run_for(1s);
    ASSERT_TRUE(task.done()) << to_string(when);
  }
  EXPECT_EQ(network.connections(), 0U);
}

TEST_F(Balanced, InvalidOptionsFailEveryCallByName) {
  make_channel({.panic_threshold_percent = 101});
  const Status status = call().status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_NE(status.message().find("panic_threshold_percent"), std::string::npos);
}

}  // namespace
}  // namespace weft::rpc
