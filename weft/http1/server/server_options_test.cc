// ServerOptions that hold for connections of HTTP/1.1 as for those of HTTP/2: age, idleness,
// overload and memory.

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/http1/internal/test_http.h"
#include "weft/rpc/http/pages.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::World;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

testing::InProcess::Options aged(Duration age, Duration grace = kForever) {
  testing::InProcess::Options options;
  options.server.max_connection_age = age;
  options.server.max_connection_age_grace = grace;
  return options;
}

TEST(Http1ServerOptions, IdleConnectionsCloseAtTheirAge) {
  World world({}, aged(30s));
  const auto client = world.connect();
  world.ask(*client, kGet);
  world.run_for(24s);
  EXPECT_THAT(world.ask(*client, kGet), Not(HasSubstr("connection: close")));
  EXPECT_FALSE(client->ended());
  world.run_for(7s);
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

TEST(Http1ServerOptions, BusyConnectionsFinishTheirRequestAtTheirAge) {
  World world({}, aged(2s));
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(5s);
  EXPECT_THAT(client->take(), HasSubstr("part2\r\n0\r\n\r\n"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1ServerOptions, RequestsBehindTheAgeAreAnsweredWithClose) {
  World world({}, aged(2s));
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(2500ms);
  client->send(kGet);
  world.run_for(3s);
  const std::string answers = client->take();
  EXPECT_THAT(answers, HasSubstr("part2\r\n0\r\n\r\n"));
  EXPECT_THAT(answers, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(answers, EndsWith("GET http://a/x "));
  EXPECT_TRUE(client->ended());
}

TEST(Http1ServerOptions, RequestsAreCancelledAfterAgeAndGrace) {
  World world({}, aged(10s, 5s));
  const auto client = world.connect();
  client->send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(13s);
  EXPECT_EQ(world.pages().ends, 0);
  world.run_for(4s);
  EXPECT_EQ(world.pages().ends, 1);
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

TEST(Http1ServerOptions, IdleConnectionsCloseWhenIdleForTooLong) {
  testing::InProcess::Options options;
  options.server.max_connection_idle = 5s;
  World world({}, options);
  const auto client = world.connect();
  world.run_for(4s);
  world.ask(*client, "GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(6s);
  EXPECT_FALSE(client->ended());
  world.run_for(2s);
  EXPECT_TRUE(client->ended());
}

/// Computes for a millisecond.
class Busy final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override { return head.path == "/busy"; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    static_cast<net::SimLoop&>(*net::Loop::current()).work(1ms);
    return respond(exchange);
  }
  static Task<> respond(rpc::HttpExchange& exchange) {
    static_cast<void>(co_await exchange.respond(200, "text/plain", "computed"));
  }
};

/// Counts refusals by their cause.
struct Refusals final : Observer {
  void on_refusal(const RefusedCall& call) noexcept override {
    if (call.cause == RefusedCall::Cause::Overload && call.path == "/busy") ++of_overload;
  }
  std::size_t of_overload = 0;
};

class Http1Overload : public ::testing::Test {
 protected:
  static testing::InProcess::Options options() {
    testing::InProcess::Options options{.link = {.latency = 100us, .jitter = 0ns}};
    options.server.max_queue_delay = 50ms;
    return options;
  }
  Http1Overload() {
    world_.server().add(protocol());
    world_.server().add(rpc::probe_pages());
    world_.server().add(std::make_shared<Busy>());
    world_.server().add(refusals_);
    world_.start();
    for (int i = 0; i < 4; ++i) clients_.push_back(connect());
  }
  std::unique_ptr<RawClient> connect() {
    auto connected = world_.run(
        world_.client_host().connect(net::Address::memory("server", testing::InProcess::kPort)));
    if (!connected.ok()) throw testing::DidNotHappen(connected.status().to_string());
    return std::make_unique<RawClient>(world_.client_host(), std::move(*connected));
  }
  /// Twice as many requests as the loop has time for.
  void overload_for(Duration time) {
    const TimePoint end = world_.now() + time;
    for (std::size_t i = 0; world_.now() < end; ++i) {
      clients_[i % clients_.size()]->send("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
      world_.run_for(500us);
    }
  }
  std::string answers() {
    std::string all;
    for (const auto& client : clients_) all += client->take();
    return all;
  }
  const std::shared_ptr<Refusals> refusals_ = std::make_shared<Refusals>();
  testing::InProcess world_{options()};
  std::vector<std::unique_ptr<RawClient>> clients_;
};

TEST_F(Http1Overload, IsAnsweredWithRetryAfterInWords) {
  overload_for(500ms);
  answers();
  overload_for(1s);
  const std::string all = answers();
  const std::size_t served = test::count(all, "computed");
  const std::size_t refused = test::count(all, "HTTP/1.1 503");
  EXPECT_GE(served, 900U);
  EXPECT_GE(refused, 750U);
  EXPECT_EQ(test::count(all, "retry-after: 1\r\n"), refused);
  EXPECT_EQ(test::count(all, "(ServerOptions::max_queue_delay)\n"), refused);
  EXPECT_EQ(test::count(all, "connection: close"), 0U);
  EXPECT_GE(world_.server().refused_calls(), refused);
  EXPECT_EQ(world_.server().refused_calls(), refusals_->of_overload);
}

TEST_F(Http1Overload, LeavesProbesAlone) {
  const auto probe = connect();
  for (int i = 0; i < 10; ++i) {
    overload_for(100ms);
    probe->send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  world_.run_for(200ms);
  EXPECT_EQ(test::count(probe->take(), "HTTP/1.1 200"), 10U);
  EXPECT_GT(test::count(answers(), "HTTP/1.1 503"), 0U);
}

/// Connections whose handlers have not read 16 KiB of content yet, and the memory of nearly all of
/// these.
class Http1Memory : public ::testing::Test {
 protected:
  static constexpr std::size_t kClients = 8;
  static testing::InProcess::Options options() {
    testing::InProcess::Options options;
    options.link.window = 4096;
    options.server.max_memory = std::size_t{256} * 1024;
    return options;
  }
  Http1Memory() {
    world_.pages().big_parts = 2;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients_.push_back(world_.connect());
      clients_.back()->send("POST /sleep HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" +
                            std::string(16'000, 'x'));
    }
    world_.run_for(1s);
  }
  /// A response that is not read.
  std::unique_ptr<RawClient> add_unread() {
    auto client = world_.connect();
    client->set_reading(false);
    client->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    world_.run_for(1s);
    return client;
  }
  World world_{{}, options()};
  std::vector<std::unique_ptr<RawClient>> clients_;
};

TEST_F(Http1Memory, ConnectionsThatHoldMostAreSentAway) {
  std::vector<std::unique_ptr<RawClient>> unread;
  for (int i = 0; i < 12; ++i) unread.push_back(add_unread());
  std::string told;
  for (const auto& client : clients_) told += client->take();
  EXPECT_GE(test::count(told, "HTTP/1.1 503"), 1U);
  EXPECT_THAT(told, HasSubstr("this connection has the most"));
  EXPECT_THAT(told, HasSubstr("retry-after: 1\r\n"));
  EXPECT_GE(world_.pages().ends, 1);
  // What each gives back counts at once, so that no more go than have to.
  EXPECT_GE(world_.world().server().active_connections(), 6U);
  // A client that holds little is served.
  EXPECT_THAT(world_.ask(kGet), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace weft::http1
