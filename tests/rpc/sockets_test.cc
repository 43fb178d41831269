// What only real sockets show: addresses, ports, files, names.

#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "weft/net/asio_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Serving;
using test::Text;
using test::text;

TEST(ServersOnSockets, ServeOnAPortTheSystemChose) {
  Serving<Kinds> serving;
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  EXPECT_NE(serving.server().port(), 0);
  Channel channel("127.0.0.1:" + std::to_string(serving.server().port()));
  const Result<Text> reply = test::call(channel, std::string(100000, 'x'), {.timeout = 10s});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value().size(), 100000U);
}

TEST(ServersOnSockets, ServeOnEveryAddressOfAName) {
  Serving<Kinds> serving({.listen = "localhost:0"});
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  EXPECT_FALSE(serving.server().addresses().empty());
  for (const net::Address& address : serving.server().addresses()) {
    EXPECT_EQ(address.port(), serving.server().port());
    Channel channel(address.to_string());
    EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok()) << address.to_string();
  }
  Channel by_name("localhost:" + std::to_string(serving.server().port()));
  EXPECT_TRUE(test::call(by_name, "x", {.timeout = 10s}).ok());
}

TEST(ServersOnSockets, ServeOnSeveralAddressesByOneText) {
  Serving<Kinds> serving({.listen = "ipv4:127.0.0.1:0,127.0.0.2:0"});
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  ASSERT_EQ(serving.server().addresses().size(), 2U);
  for (const net::Address& address : serving.server().addresses()) {
    EXPECT_EQ(address.port(), serving.server().port());
    Channel channel(address.to_string());
    EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok()) << address.to_string();
  }
}

TEST(ServersOnSockets, ServeOnEveryInterface) {
  Serving<Kinds> serving({.listen = ":0"});
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  Channel channel("127.0.0.1:" + std::to_string(serving.server().port()));
  EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok());
}

TEST(ServersOnSockets, ServeOnAUnixSocketThatGoesWithThem) {
  const testing::Folder directory;
  const std::string path = directory.file("socket");
  for (int i = 0; i < 2; ++i) {
    Serving<Kinds> serving({.listen = "unix:" + path});
    ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
    Channel channel("unix:" + path);
    EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok());
    serving.server().stop(1s);
    EXPECT_NE(access(path.c_str(), F_OK), 0);
  }
}

TEST(ServersOnSockets, SayThatAnAddressIsInUse) {
  Serving<Kinds> first;
  ASSERT_TRUE(first.started().ok());
  Serving<Kinds> second({.listen = first.target()});
  EXPECT_EQ(second.started(),
            already_exists("cannot listen: " + first.target() + ": address in use"))
      << second.started().to_string();
  first.server().stop();
  const Status again = second.server().start();
  EXPECT_TRUE(again.ok()) << again.to_string();
  Channel channel(second.target());
  EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok());
}

TEST(ServersOnSockets, SayThatAnAddressIsNotTheirs) {
  Serving<Kinds> serving({.listen = "192.0.2.1:1"});
  EXPECT_FALSE(serving.started().ok());
  EXPECT_NE(serving.started().message().find("192.0.2.1:1"), std::string::npos);
}

TEST(ServersOnSockets, SayThatANameResolvesToNothing) {
  Serving<Kinds> serving({.listen = "name.invalid:1"});
  EXPECT_FALSE(serving.started().ok());
  EXPECT_NE(serving.started().message().find("name.invalid"), std::string::npos)
      << serving.started().to_string();
}

TEST(ChannelsOnSockets, SayThatNobodyListens) {
  std::string target;
  {
    Serving<Kinds> serving;
    target = serving.target();
  }
  Channel channel(target);
  const Result<Text> reply = test::call(channel, "x", {.timeout = 10s});
  EXPECT_EQ(reply.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(reply.status().message(), target + ": connection refused");
}

TEST(ChannelsOnSockets, FollowAServerThatIsRestartedOnItsPort) {
  auto serving = std::make_unique<Serving<Kinds>>();
  const std::string target = serving->target();
  Channel channel(target, {.initial_backoff = 10ms});
  EXPECT_TRUE(test::call(channel, "x", {.timeout = 10s}).ok());
  for (int i = 0; i < 3; ++i) {
    serving.reset();
    serving = std::make_unique<Serving<Kinds>>(ServerOptions{.listen = target});
    ASSERT_TRUE(serving->started().ok()) << serving->started().to_string();
    const Result<Text> reply = test::call(channel, "x", {.timeout = 10s, .wait_for_ready = true});
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  }
}

Task<Status> serve_and_call(net::AsioLoop& loop) {
  Server server({.listen = "127.0.0.1:0", .loops = {&loop}});
  server.add<Kinds>();
  Status status = server.start();
  if (!status.ok()) co_return status;
  Channel channel(server.addresses().front().to_string());
  const Text request = text("both on one loop");
  const Result<Text> reply = co_await test::unary(channel, request, {.timeout = 10s});
  co_await server.shutdown(1s);
  co_return reply.status();
}

TEST(ServersOnAProgramsOwnLoop, ServeThere) {
  boost::asio::io_context context;
  net::AsioLoop loop(context);
  bool done = false;
  Task<Status> task = serve_and_call(loop);
  loop.enter([&] {
    task.start(nullptr, {.function = [](void* flag) noexcept { *static_cast<bool*>(flag) = true; },
                         .argument = &done});
  });
  while (!done) context.run_one_for(10s);
  const Status status = task.take();
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(ServersOnAProgramsOwnLoop, ServeThereFromATestsRun) {
  net::AsioLoop loop;
  const Status status = testing::run(loop, serve_and_call(loop));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

}  // namespace
}  // namespace weft::rpc
