// The life of a connection: slow clients, half-closed ones, tunnels, and the server's stop.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/internal/test_http.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::World;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Http1Connections, AreClosedWhenTheyAreIdle) {
  World world;
  const auto client = world.connect();
  world.ask(*client, kGet);
  world.run_for(50s);
  EXPECT_FALSE(client->ended());
  world.ask(*client, kGet);
  world.run_for(58s);
  EXPECT_FALSE(client->ended());
  world.run_for(5s);
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(client->take(), "");
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

TEST(Http1Connections, AHeadThatTakesTooLongEndsThem) {
  World world;
  const auto client = world.connect();
  client->send("GET /x HTTP/1.1\r\nHost: a\r\n");
  // A byte now and then gives it no more time.
  for (int i = 0; i < 19; ++i) {
    client->send("a");
    world.run_for(1s);
  }
  EXPECT_EQ(client->take(), "");
  world.run_for(4s);
  EXPECT_THAT(client->take(), HasSubstr("has not come within the limit of 20s"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, ContentThatDoesNotComeEndsThem) {
  World world({.min_content_rate = 0});
  const auto client = world.connect();
  client->send("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    client->send("x");
    world.run_for(50s);
    EXPECT_EQ(client->take(), "");
  }
  world.run_for(15s);
  const std::string answer = client->take();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr("nothing of the content has come for the limit of 60s"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

TEST(Http1Connections, ContentThatComesTooSlowlyEndsThem) {
  World world;
  const auto client = world.connect();
  client->send("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    world.run_for(12s);
    EXPECT_EQ(client->take(), "");
    client->send("x");
  }
  world.run_for(2s);
  const std::string answer = client->take();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr("more slowly than the limit of 240 bytes a second, for 60s"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

TEST(Http1Connections, ContentThatComesAtTheLeastRateIsTaken) {
  World world;
  const auto client = world.connect();
  client->send("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 120000\r\n\r\n");
  // With pauses of nearly a minute.
  for (int i = 0; i < 10; ++i) {
    client->send(std::string(12'000, 'x'));
    world.run_for(49s);
  }
  EXPECT_THAT(client->take(), EndsWith("120000"));
}

TEST(Http1Connections, AClientThatReadsTooSlowlyEndsThem) {
  World world({}, {.link = {.window = 4096}});
  world.pages().big_parts = 10'000;
  const auto client = world.connect();
  client->set_reading(false);
  client->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  // Every ten seconds a window of 4 KiB: enough.
  for (int i = 0; i < 20; ++i) {
    world.run_for(10s);
    client->set_reading(true);
    client->set_reading(false);
  }
  EXPECT_EQ(world.pages().ends, 0);
  // Every fifty: too little.
  for (int i = 0; i < 10; ++i) {
    world.run_for(50s);
    client->set_reading(true);
    client->set_reading(false);
  }
  EXPECT_EQ(world.pages().ends, 1);
  EXPECT_THAT(world.pages().ended.to_string(), HasSubstr("240 bytes a second"));
}

TEST(Http1Connections, AClientThatDoesNotReadEndsThem) {
  World world;
  world.pages().big_parts = 10'000;
  const auto client = world.connect();
  client->set_reading(false);
  client->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(50s);
  EXPECT_EQ(world.pages().ends, 0);
  EXPECT_LT(world.pages().written, 8'000'000U);
  world.run_for(20s);
  EXPECT_EQ(world.pages().ends, 1);
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

TEST(Http1Connections, ASlowReaderGetsItAll) {
  World world;
  world.pages().big_parts = 1000;
  const auto client = world.connect();
  std::size_t received = 0;
  client->send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    client->set_reading(i % 2 == 1);
    world.run_for(100ms);
    received += client->take().size();
  }
  world.run_for(5s);
  received += client->take().size();
  EXPECT_GT(received, 16'000'000U);
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, ThatAreHalfClosedGetTheirAnswer) {
  World world;
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  client->send(kGet);
  client->shutdown_write();
  world.run_for(5s);
  const std::string answers = client->take();
  EXPECT_THAT(answers, HasSubstr("part2\r\n0\r\n\r\n"));
  EXPECT_THAT(answers, EndsWith("GET http://a/x "));
  EXPECT_THAT(answers, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, ThatEndWithinAMessageAreTold) {
  World world;
  for (const std::string_view bytes :
       {"GET /x HTTP/1.1\r\nHos", "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        "POST /late HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    const auto client = world.connect();
    client->send(bytes);
    client->shutdown_write();
    world.run_for(5s);
    EXPECT_THAT(client->take(), StartsWith("HTTP/1.1 400")) << bytes;
    EXPECT_TRUE(client->ended());
  }
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

TEST(Http1Connections, ThatAreLostCancelTheHandler) {
  World world;
  world.pages().big_parts = 100'000;
  auto client = world.connect();
  client->set_reading(false);
  client->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(1s);
  EXPECT_EQ(world.pages().ends, 0);
  client.reset();
  world.run_for(1s);
  EXPECT_EQ(world.pages().ends, 1);
  EXPECT_FALSE(world.pages().ended.ok());
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

/// What a tunnel has answered, however the network has cut what it was sent.
std::string joined(std::string answer) {
  for (std::size_t at = answer.find("><"); at != std::string::npos; at = answer.find("><", at)) {
    answer.erase(at, 2);
  }
  return answer;
}

TEST(Http1Connections, CarryAnUpgradesRawBytes) {
  World world;
  const auto client = world.connect();
  const std::string answer = world.ask(*client,
                                       "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: echo, other\r\n"
                                       "Connection: Upgrade\r\n\r\nfirst");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(joined(answer), HasSubstr("upgrade: echo\r\nconnection: upgrade\r\n\r\n<first>"));
  EXPECT_EQ(joined(world.ask(*client, "GET / HTTP/1.1\r\n\r\n")), "<GET / HTTP/1.1\r\n\r\n>");
  world.run_for(1h);
  EXPECT_EQ(joined(world.ask(*client, "last")), "<last>");
  client->shutdown_write();
  world.run_for(5s);
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, CarryATunnelsRawBytes) {
  World world;
  const auto client = world.connect();
  const std::string answer = world.ask(*client, "CONNECT far:1 HTTP/1.1\r\nHost: far:1\r\n\r\nraw");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("transfer-encoding")));
  EXPECT_THAT(joined(answer), EndsWith("\r\n\r\n<raw>"));
  client->close();
  world.run_for(1s);
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

TEST(Http1Connections, ThatAreIdleCloseWhenAStopBegins) {
  World world;
  const auto client = world.connect();
  world.ask(*client, kGet);
  const TimePoint begun = world.world().now();
  testing::run(world.world().server_host(), world.world().server().shutdown(30s));
  EXPECT_LT(world.world().now() - begun, Duration(5s));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, FinishTheirRequestWhenAStopBegins) {
  World world;
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(1ms);
  client->send(kGet);
  testing::run(world.world().server_host(), world.world().server().shutdown(30s));
  world.run_for(1s);
  const std::string answer = client->take();
  EXPECT_THAT(answer, HasSubstr("part2\r\n0\r\n\r\n"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Connections, AreCancelledWhenAStopsGraceIsOver) {
  World world;
  const auto client = world.connect();
  client->send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(1s);
  testing::run(world.world().server_host(), world.world().server().shutdown(5s));
  EXPECT_EQ(world.pages().ends, 1);
  EXPECT_EQ(world.world().server().active_connections(), 0U);
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

}  // namespace
}  // namespace weft::http1
