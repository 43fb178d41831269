// Options that cannot be followed are refused at the start, with a sentence.

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/internal/option_rules.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::InProcess;
using ::testing::StartsWith;

template <class Options>
struct Wrong {
  std::function<void(Options&)> make;
  std::string named;
};

template <class Options>
void expect_refused(const std::vector<Wrong<Options>>& wrongs) {
  EXPECT_TRUE(validate(Options{}).ok()) << validate(Options{}).to_string();
  for (const Wrong<Options>& wrong : wrongs) {
    Options options;
    wrong.make(options);
    const Status status = validate(options);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << wrong.named;
    EXPECT_THAT(std::string(status.message()), StartsWith(wrong.named + ": "));
  }
}

TEST(ServersOptions, ThatCannotBeFollowedAreNamed) {
  using O = ServerOptions;
  expect_refused<O>(
      {{[](O& o) { o.handler_bound = 0s; }, "ServerOptions::handler_bound: 0s"},
       {[](O& o) { o.poll_spin = -1us; }, "ServerOptions::poll_spin: -1us"},
       {[](O& o) { o.max_queue_delay = 3ms; }, "ServerOptions::max_queue_delay: 3ms"},
       {[](O& o) { o.keepalive_time = -1s; }, "ServerOptions::keepalive_time: -1s"},
       {[](O& o) { o.keepalive_timeout = 0s; }, "ServerOptions::keepalive_timeout: 0s"},
       {[](O& o) { o.min_ping_interval = -1s; }, "ServerOptions::min_ping_interval: -1s"},
       {[](O& o) { o.max_connection_age = 0s; }, "ServerOptions::max_connection_age: 0s"},
       {[](O& o) { o.max_connection_age_grace = -1s; },
        "ServerOptions::max_connection_age_grace: -1s"},
       {[](O& o) { o.max_connection_idle = 0s; }, "ServerOptions::max_connection_idle: 0s"},
       {[](O& o) { o.handshake_timeout = 0s; }, "ServerOptions::handshake_timeout: 0s"},
       {[](O& o) { o.header_timeout = -5s; }, "ServerOptions::header_timeout: -5s"},
       {[](O& o) { o.stall_timeout = 0s; }, "ServerOptions::stall_timeout: 0s"},
       {[](O& o) { o.max_receive_size = 0; }, "ServerOptions::max_receive_size: 0"},
       {[](O& o) { o.max_send_size = 0; }, "ServerOptions::max_send_size: 0"},
       {[](O& o) { o.max_metadata_size = 0; }, "ServerOptions::max_metadata_size: 0"},
       {[](O& o) { o.max_calls_per_connection = 0; }, "ServerOptions::max_calls_per_connection: 0"},
       {[](O& o) { o.max_calls = 0; }, "ServerOptions::max_calls: 0"},
       {[](O& o) { o.max_connections = 0; }, "ServerOptions::max_connections: 0"},
       {[](O& o) { o.max_connections_per_peer = 0; }, "ServerOptions::max_connections_per_peer: 0"},
       {[](O& o) { o.stream_window = 0; }, "ServerOptions::stream_window: 0"},
       {[](O& o) { o.stream_window = 0x80000000; }, "ServerOptions::stream_window: 2147483648"},
       {[](O& o) { o.connection_window = 0; }, "ServerOptions::connection_window: 0"},
       {[](O& o) { o.max_window = 0xffffffff; }, "ServerOptions::max_window: 4294967295"}});
}

TEST(ChannelsOptions, ThatCannotBeFollowedAreNamed) {
  using O = ChannelOptions;
  expect_refused<O>(
      {{[](O& o) { o.default_timeout = -1s; }, "ChannelOptions::default_timeout: -1s"},
       {[](O& o) { o.initial_backoff = 0s; }, "ChannelOptions::initial_backoff: 0s"},
       {[](O& o) { o.max_backoff = 0s; }, "ChannelOptions::max_backoff: 0s"},
       {[](O& o) { o.connect_timeout = 0s; }, "ChannelOptions::connect_timeout: 0s"},
       {[](O& o) { o.keepalive_time = -1ns; }, "ChannelOptions::keepalive_time: -1ns"},
       {[](O& o) { o.keepalive_timeout = 0s; }, "ChannelOptions::keepalive_timeout: 0s"},
       {[](O& o) { o.idle_timeout = 0s; }, "ChannelOptions::idle_timeout: 0s"},
       {[](O& o) { o.max_receive_size = 0; }, "ChannelOptions::max_receive_size: 0"},
       {[](O& o) { o.max_send_size = 0; }, "ChannelOptions::max_send_size: 0"},
       {[](O& o) { o.max_metadata_size = 0; }, "ChannelOptions::max_metadata_size: 0"},
       {[](O& o) { o.max_connections = 0; }, "ChannelOptions::max_connections: 0"},
       {[](O& o) { o.stream_window = 0; }, "ChannelOptions::stream_window: 0"},
       {[](O& o) { o.connection_window = 0; }, "ChannelOptions::connection_window: 0"},
       {[](O& o) { o.max_window = 0x80000000; }, "ChannelOptions::max_window: 2147483648"}});
}

// What a header cannot hold would end the connection, or begin another header with HTTP/1.
TEST(ChannelsOptions, OfHeadersAreWhatAHeaderMayHold) {
  for (const std::string& bad :
       {std::string("a\r\nx: y"), std::string("a\n"), std::string("a\0b", 3), std::string("\x7f"),
        std::string("caf\xc3\xa9"), std::string(" a"), std::string("\ta")}) {
    ChannelOptions options;
    options.user_agent = bad;
    EXPECT_THAT(std::string(validate(options).message()),
                StartsWith("ChannelOptions::user_agent: "))
        << bad;
  }
  for (const std::string bad : {"host\r\n", "ho st", "h\xc3\xb6st"}) {
    ChannelOptions options;
    options.authority = bad;
    EXPECT_THAT(std::string(validate(options).message()), StartsWith("ChannelOptions::authority: "))
        << bad;
  }
  ChannelOptions secure;
  secure.tls.emplace().server_name = "a\nb";
  EXPECT_THAT(std::string(validate(secure).message()),
              StartsWith("ChannelOptions::tls.server_name: "));
  EXPECT_TRUE(validate(ChannelOptions{.authority = "[::1]:80", .user_agent = "app/1 (x; y)"}).ok());
}

TEST(Options, ThatCannotBeFollowedFailTheStartAndEveryCall) {
  net::SimNetwork network(1);
  Server server({.listen = ":1", .loops = {&network.host("server")}, .stall_timeout = -1s});
  EXPECT_EQ(server.start(),
            invalid_argument("ServerOptions::stall_timeout: -1s: must be more than 0"));
  InProcess world;
  world.add<test::Kinds>();
  world.start();
  Channel channel("server:50051", {.user_agent = "me\r\nx: y"});
  const Result<test::Text> reply = world.run(test::unary(channel, test::text("x")));
  EXPECT_EQ(reply.status().code(), StatusCode::InvalidArgument);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("me\\r\\nx: y"));
}

// Times of centuries are as good as for ever.
TEST(Options, OfTheLongestTimesWork) {
  constexpr Duration kLong = Duration::max() - 1ns;
  ServerOptions server{.handler_bound = kLong,
                       .max_queue_delay = kLong,
                       .keepalive_time = kLong,
                       .keepalive_timeout = kLong,
                       .min_ping_interval = kLong,
                       .max_connection_age = kLong,
                       .max_connection_age_grace = kLong,
                       .max_connection_idle = kLong,
                       .handshake_timeout = kLong,
                       .header_timeout = kLong,
                       .stall_timeout = kLong};
  ChannelOptions channel{.default_timeout = kLong,
                         .initial_backoff = kLong,
                         .max_backoff = kLong,
                         .connect_timeout = kLong,
                         .keepalive_time = kLong,
                         .keepalive_timeout = kLong,
                         .idle_timeout = kLong};
  InProcess world({.server = server, .channel = channel});
  world.add<test::Kinds>();
  for (const Duration timeout : {kLong, kForever, Duration(24h * 365 * 290)}) {
    const Result<test::Text> reply =
        world.run(test::unary(world.channel(), test::text("x"), {.timeout = timeout}));
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  }
  world.run_for(24h);
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST(Options, ACallWhoseTimeIsNegativeIsTooLate) {
  InProcess world;
  world.add<test::Kinds>();
  for (const Duration timeout : {Duration(-1s), Duration::min(), Duration(0)}) {
    const Result<test::Text> reply =
        world.run(test::unary(world.channel(), test::text("x"), {.timeout = timeout}));
    EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  }
}

}  // namespace
}  // namespace weft::rpc
