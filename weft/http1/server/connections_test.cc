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

// Of HTTP/1.0 the end of the connection is the end of the content.
TEST(Http1Connections, ThatBreakOffShowThatTheAnswerIsNotWhole) {
  World world;
  const auto client = world.connect();
  const std::string begun = world.ask(*client, "GET /half HTTP/1.0\r\n\r\n");
  world.run_for(5s);
  EXPECT_TRUE(client->broken()) << begun;
  const auto other = world.connect();
  world.ask(*other, "POST /echo HTTP/1.0\r\nContent-Length: 10\r\n\r\nabc");
  other->shutdown_write();
  world.run_for(5s);
  EXPECT_TRUE(other->broken());
  const auto whole = world.connect();
  world.ask(*whole, "POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
  world.run_for(5s);
  EXPECT_TRUE(whole->ended());
  EXPECT_FALSE(whole->broken());
}

TEST(Http1Connections, OfClientsThatDoNotReadAreNotRead) {
  constexpr int kRequests = 20'000;
  for (const std::string_view request :
       {"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    testing::InProcess::Options options;
    options.link.window = std::size_t{16} * 1024;
    options.server.max_connection_memory = std::size_t{256} * 1024;
    World world({}, std::move(options));
    const auto client = world.connect();
    client->set_reading(false);
    std::string all;
    for (int i = 0; i < kRequests; ++i) all += request;
    client->send(all);
    world.run_for(30s);
    client->set_reading(true);
    world.run_for(10min);
    const std::string answers = client->take();
    EXPECT_EQ(test::count(answers, "\r\ndate: "), kRequests) << request;
    EXPECT_THAT(answers, Not(HasSubstr("HTTP/1.1 503"))) << "it holds more than its memory";
  }
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

TEST(Http1Connections, ChooseAProtocolThatIsOne) {
  World world;
  const std::string ask = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade:";
  EXPECT_THAT(world.ask(ask + " , raw/1 \t, b\r\n\r\n"), HasSubstr("\r\nupgrade: raw/1\r\n"));
  for (const std::string_view none : {"", " ,", " (]", " a b", " a/", " \xff"}) {
    EXPECT_THAT(world.ask(ask + std::string(none) + "\r\n\r\n"), StartsWith("HTTP/1.1 200"))
        << none;
  }
}

TEST(Http1Connections, SwitchProtocolsOnlyWithoutContent) {
  World world;
  const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n";
  EXPECT_THAT(world.ask(head + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
              Not(HasSubstr(" 101 ")));
  EXPECT_THAT(world.ask(head + "Content-Length: 1\r\n\r\na"), Not(HasSubstr(" 101 ")));
  EXPECT_THAT(world.ask(head + "Content-Length: 0\r\n\r\n"), HasSubstr(" 101 "));
}

TEST(Http1Connections, EndBehindATunnelThatIsRefused) {
  World world;
  const auto client = world.connect();
  const std::string answer =
      world.ask(*client, "CONNECT nothing:1 HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 501"));
  EXPECT_THAT(answer, Not(HasSubstr(" 200 OK")));
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
