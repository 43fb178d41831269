// More calls than the server can serve.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

#include "weft_wire/grpc/health/v1/health.weft.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using ::testing::HasSubstr;
using testing::InProcess;
using testing::ScriptedPeer;

constexpr Duration kCost = 1ms;
constexpr net::SimLink kFast{
    .latency = 100us, .jitter = 0ns, .segment = 64 * 1024, .window = 256 * 1024};

/// A handler that computes, and one that only waits.
struct Busy : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (request.value() == "wait") return wait(request);
    static_cast<net::SimLoop&>(*net::Loop::current()).work(cost);
    return Task<Result<Text>>(Result<Text>(request));
  }
  static Task<Result<Text>> wait(const Text& request) {
    static_cast<void>(co_await net::sleep(100ms));
    co_return request;
  }
  Duration cost = kCost;
};

/// Calls on several connections, each when it is due, whatever has become of those before.
struct Load {
  struct Plan {
    Duration every;  // of all connections together
    Duration length = 3s;
    Duration warm_up = 1s;  // until the loop knows
    Duration timeout = kForever;
    std::size_t connections = 4;
    std::string request = "compute";
  };
  std::size_t made = 0;  // these count calls made after the warm-up
  std::size_t served = 0;
  std::size_t unavailable = 0;
  std::size_t others = 0;
  Duration longest{};  // of those served
  std::string message;

  static Load run(InProcess& world, const Plan& plan) {
    Load load;
    world.start();
    std::vector<std::unique_ptr<Channel>> channels;
    for (std::size_t i = 0; i < plan.connections; ++i) {
      channels.push_back(std::make_unique<Channel>("server:50051"));
    }
    world.run(run(load, plan, channels));
    return load;
  }

 private:
  static Task<> run(Load& load, const Plan& plan,
                    const std::vector<std::unique_ptr<Channel>>& channels) {
    Scope scope(nullptr);
    const Text request = text(plan.request);
    const TimePoint start = net::Loop::current()->now();
    for (TimePoint due = start; due < start + plan.length; due += plan.every) {
      static_cast<void>(co_await net::sleep_until(due));
      const bool counts = due >= start + plan.warm_up;
      const std::size_t i = static_cast<std::size_t>((due - start) / plan.every);
      scope.spawn(call(load, *channels[i % channels.size()], request, plan.timeout, counts));
    }
    co_await scope.join();
  }
  static Task<> call(Load& load, Channel& channel, const Text& request, Duration timeout,
                     bool counts) {
    const TimePoint began = net::Loop::current()->now();
    const Result<Text> reply = co_await test::unary(channel, request, {.timeout = timeout});
    if (!counts) co_return;
    ++load.made;
    if (reply.ok()) {
      ++load.served;
      load.longest = std::max(load.longest, net::Loop::current()->now() - began);
    } else if (reply.status().code() == StatusCode::Unavailable) {
      ++load.unavailable;
      load.message = std::string(reply.status().message());
    } else {
      ++load.others;
    }
  }
};

InProcess::Options with_delay(Duration max_queue_delay) {
  InProcess::Options options{.link = kFast};
  options.server.max_queue_delay = max_queue_delay;
  return options;
}

TEST(Overload, ServesAtCapacityAndRefusesTheRest) {
  InProcess world(with_delay(50ms));
  world.add<Busy>();
  const Load load = Load::run(world, {.every = kCost / 2});
  EXPECT_EQ(load.made, 4000U);
  EXPECT_GE(load.served, 1900U);
  EXPECT_EQ(load.served + load.unavailable, load.made);
  EXPECT_LE(load.longest, 50ms);
  EXPECT_GE(world.server().refused_calls(), load.unavailable);
  EXPECT_THAT(load.message, HasSubstr("calls wait about "));
  EXPECT_THAT(load.message, HasSubstr("50ms"));
  EXPECT_THAT(load.message, HasSubstr("ServerOptions::max_queue_delay"));
}

TEST(Overload, WithoutALimitCallsWithoutADeadlineWait) {
  InProcess world(with_delay(kForever));
  world.add<Busy>();
  const Load load = Load::run(world, {.every = kCost / 2});
  EXPECT_EQ(load.served, load.made);
  EXPECT_GE(load.longest, 1s);
  EXPECT_EQ(world.server().refused_calls(), 0U);
}

TEST(Overload, RefusesOnlyCallsThatWouldMissTheirDeadlines) {
  InProcess world(with_delay(kForever));
  world.add<Busy>();
  const Load load = Load::run(world, {.every = kCost / 2, .timeout = 100ms});
  EXPECT_GE(load.served, 1900U);
  // Nothing was computed in vain.
  EXPECT_EQ(load.others, 0U);
  EXPECT_THAT(load.message, HasSubstr("deadline"));
}

TEST(Overload, BelowItsCapacityTheServerRefusesNothing) {
  InProcess world(with_delay(20ms));
  world.add<Busy>();
  const Load load = Load::run(world, {.every = kCost * 10 / 9});
  EXPECT_EQ(load.served, load.made);
}

TEST(Overload, HandlersThatWaitAreNoOverload) {
  InProcess world(with_delay(20ms));
  world.add<Busy>();
  // Twenty thousand a second, two thousand of them pending.
  const Load load =
      Load::run(world, {.every = 50us, .length = 300ms, .warm_up = 0s, .request = "wait"});
  EXPECT_EQ(load.made, 6000U);
  EXPECT_EQ(load.served, load.made);
}

Task<> check_health(Channel& channel, int& served) {
  namespace v1 = weft_wire::grpc::health::v1;
  v1::HealthClient health{channel};
  const v1::HealthCheckRequest request;
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(co_await net::sleep(100ms));
    const auto reply = co_await health.Check(request);
    if (reply.ok()) ++served;
  }
}

TEST(Overload, HealthChecksAreServed) {
  InProcess world(with_delay(20ms));
  world.add<Busy>();
  int served = 0;
  Scope scope(nullptr);
  world.client_host().enter([&] { scope.spawn(check_health(world.channel(), served)); });
  const Load load = Load::run(world, {.every = kCost / 2});
  world.run(scope.join());
  EXPECT_GT(load.unavailable, 0U);
  EXPECT_EQ(served, 20);
}

TEST(Overload, APingIsAnsweredWithinTwiceTheDelay) {
  InProcess world(with_delay(50ms));
  world.add<Busy>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  std::vector<Duration> times;
  struct Ping {
    static bool answered(const ScriptedPeer& peer) {
      return std::any_of(
          peer.frames().begin(), peer.frames().end(), [](const testing::Frame& frame) {
            return frame.type == http2::FrameType::Ping && (frame.flags & http2::flag::kAck) != 0;
          });
    }
    static Task<> run(ScriptedPeer& peer, std::vector<Duration>& times) {
      static_cast<void>(co_await net::sleep(2s));
      const TimePoint began = net::Loop::current()->now();
      peer.send(testing::ping());
      while (!answered(peer)) static_cast<void>(co_await net::sleep(1ms));
      times.push_back(net::Loop::current()->now() - began);
    }
  };
  Scope scope(nullptr);
  world.client_host().enter([&] { scope.spawn(Ping::run(*peer, times)); });
  Load::run(world, {.every = kCost / 2});
  world.run(scope.join());
  ASSERT_EQ(times.size(), 1U);
  EXPECT_LE(times.front(), 100ms);
}

TEST(Overload, AnOptionBelowWhatALoopHasIsRefused) {
  for (const Duration delay : {Duration(-1ms), Duration(0), Duration(3ms)}) {
    ServerOptions options;
    options.listen = "memory:overload";
    options.max_queue_delay = delay;
    Server server(options);
    const Status status = server.start();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("ServerOptions::max_queue_delay"));
  }
}

}  // namespace
}  // namespace weft::rpc
