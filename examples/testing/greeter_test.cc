// Tests of a service and of its callers, as docs/guide/testing.md has them: no socket, no port, no
// sleep.

#include <chrono>

#include <gtest/gtest.h>

#include "weft/middleware/retry.h"
#include "weft/middleware/timeout.h"
#include "weft/net/loop.h"
#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_service.h"

#include "hello.weft.h"

using namespace std::chrono_literals;
using namespace weft;

namespace {

class Greeter final : public hello::GreeterService {
  Task<Result<hello::HelloReply>> SayHello(ServerContext&,
                                           const hello::HelloRequest& request) override {
    if (request.name().empty()) co_return invalid_argument("name is required");
    hello::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    co_return reply;
  }
};

/// Takes an hour for each answer.
class SlowGreeter final : public hello::GreeterService {
  Task<Result<hello::HelloReply>> SayHello(ServerContext&, const hello::HelloRequest&) override {
    const Status slept = co_await net::sleep(1h);
    if (!slept.ok()) co_return slept;
    co_return hello::HelloReply();
  }
};

hello::HelloRequest request_of(const std::string& name) {
  hello::HelloRequest request;
  request.set_name(name);
  return request;
}

TEST(Greeter, GreetsByName) {
  Server server{{.listen = "inproc:greeter"}};
  server.add<Greeter>();
  ASSERT_TRUE(server.start().ok());
  Channel channel("inproc:greeter");
  hello::GreeterBlockingClient greeter(channel);
  const auto reply = greeter.SayHello(request_of("you"), {.timeout = 5s});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->message(), "Hello, you");
}

/// Stands in for the real one.
class RudeGreeter final : public hello::GreeterService {
  Task<Result<hello::HelloReply>> SayHello(ServerContext&, const hello::HelloRequest&) override {
    co_return permission_denied("not for you");
  }
};

/// What is tested.
std::string greeting_for(Channel& channel, const std::string& name) {
  hello::GreeterBlockingClient greeter(channel);
  const auto reply = greeter.SayHello(request_of(name), {.timeout = 5s});
  return reply.ok() ? reply->message() : "Good day, " + name;
}

TEST(Caller, HasAGreetingOfItsOwn) {
  Server rude{{.listen = "inproc:rude"}};
  rude.add<RudeGreeter>();
  ASSERT_TRUE(rude.start().ok());
  Channel channel("inproc:rude");
  EXPECT_EQ(greeting_for(channel, "you"), "Good day, you");
}

TEST(Greeter, GreetsInVirtualTime) {
  weft::testing::InProcess world;
  world.add<Greeter>();
  const hello::GreeterClient greeter(world.channel());
  const hello::HelloRequest request = request_of("you");  // outlives the task, which refers to it
  const auto reply = world.run(greeter.SayHello(request));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->message(), "Hello, you");
}

TEST(Greeter, WantsAName) {
  weft::testing::InProcess world;
  world.add<Greeter>();
  const hello::GreeterClient greeter(world.channel());
  const hello::HelloRequest request;
  const auto reply = world.run(greeter.SayHello(request));
  EXPECT_EQ(reply.status().code(), StatusCode::InvalidArgument);
}

TEST(Greeter, AnHourPassesAtOnce) {
  weft::testing::InProcess world;
  world.add<SlowGreeter>();
  const hello::GreeterClient greeter(world.channel());
  const hello::HelloRequest request = request_of("you");
  const TimePoint begun = world.now();
  EXPECT_EQ(world.run(greeter.SayHello(request, {.timeout = 5min})).status().code(),
            StatusCode::DeadlineExceeded);
  EXPECT_EQ(world.now() - begun, 5min);
  EXPECT_TRUE(world.run(greeter.SayHello(request), 2h).ok());
}

TEST(Caller, SurvivesALostConnection) {
  weft::testing::InProcess world;
  world.add<Greeter>();
  world.channel().use(retry());
  const hello::GreeterClient greeter(world.channel());
  const hello::HelloRequest request = request_of("you");
  ASSERT_TRUE(world.run(greeter.SayHello(request)).ok());

  world.network().break_connections("client", "server");
  EXPECT_TRUE(world.run(greeter.SayHello(request)).ok());

  world.network().partition("client", "server");
  EXPECT_EQ(world.run(greeter.SayHello(request, {.timeout = 1s})).status().code(),
            StatusCode::DeadlineExceeded);
  world.network().heal("client", "server");
  EXPECT_TRUE(world.run(greeter.SayHello(request)).ok());
}

TEST(Caller, AttemptsAgainWhatIsUnavailable) {
  // The first answer is a failure, all others are greetings.
  weft::testing::ScriptedService far(
      {{.status = unavailable("not yet")}, {.responses = {request_of("you").SerializeAsString()}}});
  weft::testing::Chain chain(far, {timeout(10s), retry({.max_attempts = 2})});
  net::SimNetwork network(1);
  const hello::GreeterClient greeter(chain);
  const hello::HelloRequest request = request_of("you");
  EXPECT_TRUE(weft::testing::run(network.host("client"), greeter.SayHello(request)).ok());
  EXPECT_EQ(far.calls(), 2U);
}

}  // namespace
