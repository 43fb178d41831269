// Calls of a channel to a server over a broker, in virtual time.

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/messaging/nats/internal/test_nats.h"

namespace weft::nats {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(NatsCall, GoesToTheSubjectOfItsMethod) {
  World world;
  world.start_server();
  const Result<Text> reply = world.call("hello");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->value(), "hello");
  EXPECT_EQ(world.broker.published.front(), "shop.test.Echo.Echo");
  EXPECT_THAT(world.broker.received, HasSubstr("SUB shop.test.Echo.* q 1"));
}

TEST(NatsCall, BringsMetadataAndTrailers) {
  World world;
  world.start_server();
  Metadata sent;
  sent.add("x-user", "me");
  sent.add("x-raw-bin", std::string_view("\x01\xff", 2));
  Metadata head;
  Metadata tail;
  const Result<Text> seen = world.call("seen", {.metadata = &sent});
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->value(), "me \x01\xff 2");
  const Result<Text> reply =
      world.call("metadata", {.response_metadata = &head, .trailers = &tail});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(head.get("x-head"), "a");
  EXPECT_EQ(head.get("x-head-bin"), std::string_view("\0\xff", 2));
  EXPECT_EQ(tail.get("x-tail"), "b");
  EXPECT_EQ(head.size() + tail.size(), 3U);
}

TEST(NatsCall, EndsWithTheStatusOfTheHandler) {
  World world;
  world.start_server();
  Metadata tail;
  const Status failed = world.call("fail", {.trailers = &tail}).status();
  EXPECT_EQ(failed.code(), StatusCode::NotFound);
  EXPECT_EQ(failed.message(), "no \"note\"\n\xff here");
  EXPECT_EQ(failed.details(), "details");
  EXPECT_EQ(failed.origin(), Origin::Peer);
  EXPECT_EQ(tail.get("x-tail"), "b");
  EXPECT_EQ(world.call("throw").status().message(), "the handler threw an exception");
  const Status bad = world.call("bad metadata").status();
  EXPECT_EQ(bad.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(bad.message()), HasSubstr("response metadata"));
}

TEST(NatsCall, IsCompressedBothWays) {
  World world;
  world.start_server();
  const std::string zeros(50'000, '\0');
  const Result<Text> reply = world.call(zeros, {.compression = Compression::Gzip});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->value(), zeros);
  const Result<Text> other = world.call("zeros");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->value().size(), 100'000U);
  EXPECT_LT(world.broker.sizes.front(), 2000U);  // the request
  EXPECT_LT(world.broker.sizes.back(), 2000U);   // the other reply
}

TEST(NatsCall, HasADeadlineOnBothSides) {
  World world;
  world.start_server();
  const Status late = world.call("sleep", {.timeout = 1s}).status();
  EXPECT_EQ(late.code(), StatusCode::DeadlineExceeded);
  EXPECT_GT(world.service->time_left, 900ms);
  EXPECT_LE(world.service->time_left, 1s);
  world.network.run_for(100ms);
  EXPECT_EQ(world.service->ended, 1);
  EXPECT_EQ(world.service->slept.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(NatsCall, WithoutADeadlineHasTheDefault) {
  Options options;
  options.default_timeout = 5s;
  World world(options);
  world.start_server();
  EXPECT_EQ(world.call("sleep").status().code(), StatusCode::DeadlineExceeded);
}

TEST(NatsCall, EndsWhenItsCallerCancels) {
  World world;
  world.start_server();
  Context context;
  const auto call = world.start("sleep", {}, &context);
  world.client_host.enter([&] { context.cancel(cancelled("enough")); });
  world.network.run_for(10ms);
  EXPECT_EQ(call->take().status().message(), "enough");
  const std::uint64_t dropped = dropped_messages();
  world.network.run_for(20s);
  // The handler has answered meanwhile.
  EXPECT_EQ(dropped_messages() - dropped, 1U);
}

TEST(NatsCall, IsUnimplementedWhereItStreams) {
  World world;
  world.start_server();
  const Text request = text("x");
  const Status status =
      testing::run(world.client_host, [](Channel& channel, const Text& sent) -> Task<Status> {
        auto reader = co_await rpc::OpenStream<ClientReader<Text>>(channel, kMethods[1], &sent,
                                                                   CallOptions{});
        static_cast<void>(co_await reader.read());
        co_return co_await reader.finish();
      }(world.channel(), request));
  EXPECT_EQ(status.code(), StatusCode::Unimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("streams messages"));
}

TEST(NatsCall, IsUnavailableWhereNoServerListens) {
  World world;
  const Status status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.origin(), Origin::Transport);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no server takes calls of /test.Echo/Echo"));
}

TEST(NatsCall, IsUnimplementedWhereTheServiceHasNoSuchMethod) {
  World world;
  world.start_server();
  static constexpr MethodDescriptor kOther{.name = "Other", .path = "/test.Echo/Other"};
  const Text request = text("x");
  const Status status =
      testing::run(world.client_host,
                   rpc::call_unary<Text>(world.channel(), kOther, request, CallOptions{}))
          .status();
  EXPECT_EQ(status.code(), StatusCode::Unimplemented);
}

TEST(NatsCall, NamesTheLimitThatItsRequestExceeds) {
  World world;
  world.start_server();
  world.channel_settings.max_send_size = 100;
  Status status = world.call(std::string(200, 'x')).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 100"));
  world.drop_channel();
  world.channel_settings.max_send_size = SIZE_MAX;
  status = world.call(std::string(2'000'000, 'x')).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the broker takes no more than 1000000 (its max_payload)"));
  EXPECT_EQ(world.service->calls, 0);
  EXPECT_TRUE(world.call("small").ok());
}

TEST(NatsCall, NamesTheLimitThatItsResponseExceeds) {
  World world;
  world.start_server();
  world.service->large = 2'000'000;
  Status status = world.call("large").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.origin(), Origin::Peer);
  EXPECT_THAT(std::string(status.message()), HasSubstr("(its max_payload)"));
  // With its headers only.
  world.service->large = 999'980;
  status = world.call("large").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("(its max_payload)"));
}

TEST(NatsCall, NamesTheReceiversLimit) {
  World world;
  world.server_settings.max_receive_size = 1000;
  world.start_server();
  Status status = world.call(std::string(2000, 'x')).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 1000 bytes"));
  // Beyond what the transport keeps at all.
  status = world.call(std::string(500'000, 'x')).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ServerOptions::max_receive_size"));
  EXPECT_EQ(world.service->calls, 0);
  world.drop_channel();
  world.channel_settings.max_receive_size = 100;
  world.service->large = 101;
  status = world.call("large").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  world.service->large = 500'000;
  status = world.call("large").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ChannelOptions::max_receive_size"));
}

TEST(NatsCall, HasNoMetadataThatTheEnvelopeUses) {
  World world;
  world.start_server();
  Metadata sent;
  sent.add("nats-msg-id", "1");
  const Status status = world.call("hello", {.metadata = &sent}).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nats-msg-id"));
}

TEST(NatsCall, CarriesTraceAndBaggage) {
  World world;
  world.start_server();
  Context context;
  context.set_baggage("tenant", "acme");
  const Text request = text("seen");
  const Result<Text> reply = testing::run(
      world.client_host,
      rpc::call_unary<Text>(world.channel(), kMethods[0], request, CallOptions{}), 1h, &context);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(world.broker.received, HasSubstr("HPUB"));
  EXPECT_THAT(reply->value(), HasSubstr(" 1"));  // the baggage
}

TEST(NatsCall, IsRefusedBeyondTheLimitOfCalls) {
  Options options;
  options.max_calls = 2;
  World world(options);
  world.client_options.max_calls = 3;
  world.start_server();
  const auto first = world.start("sleep");
  const auto second = world.start("sleep");
  Status status = world.call("third").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 2 calls over NATS"));
  world.broker.held_prefix = "shop.";
  const auto held = world.start("x");
  status = world.call("fourth").status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("3 calls of this channel are under way"));
  world.network.run_for(20s);
  EXPECT_TRUE(first->take().ok());
}

TEST(NatsCall, IsRefusedWhereRequestsTakeTooMuchMemory) {
  World world;
  world.server_options.max_request_memory = 60'000;
  world.start_server();
  const std::string zeros(50'000, '\0');
  const Status inflated = world.call(zeros + zeros, {.compression = Compression::Gzip}).status();
  EXPECT_EQ(inflated.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(inflated.message()), HasSubstr("max_request_memory"));
  EXPECT_EQ(world.service->calls, 0);
  // What they took is free again.
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(world.call(zeros).ok());
  EXPECT_EQ(world.call(zeros + zeros).status().code(), StatusCode::ResourceExhausted);
}

TEST(NatsCall, CountsItsSubjectsAsMemory) {
  World world;
  world.server_options.max_request_memory = 10'000;
  world.start_server();
  const std::string payload = text("sleep").SerializeAsString();
  for (const char* const begin : {"a", "b"}) {
    world.broker.publish("shop.test.Echo.Echo", begin + std::string(6'000, 'r'), "", payload);
    world.network.run_for(100ms);
  }
  EXPECT_EQ(world.service->calls, 1);
  ASSERT_EQ(world.broker.contents.size(), 1U);
  EXPECT_THAT(world.broker.contents[0], HasSubstr("grpc-status: 8"));
}

TEST(NatsCall, EndsWithItsChannel) {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  world.drop_channel();
  EXPECT_EQ(call->take().status().code(), StatusCode::Cancelled);
}

TEST(NatsCall, IsSharedByTheServersOfAGroup) {
  World world;
  world.start_server();
  net::SimLoop& other_host = world.network.host("other");
  Server other({.loops = {&other_host}, .health = false, .reflection = false});
  other.listen("nats://broker/shop");
  EchoService& twin = other.add<EchoService>();
  ASSERT_TRUE(other.start().ok());
  world.network.run_for(1s);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.call("x").ok());
  EXPECT_EQ(world.service->calls + twin.calls, 20);
  EXPECT_GT(world.service->calls, 0);
  EXPECT_GT(twin.calls, 0);
  testing::run(other_host, other.shutdown(0s));
}

TEST(NatsServer, FinishesItsCallsWhenItDrains) {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  Task<> stop = world.server().shutdown(1min);
  bool stopped = false;
  world.server_host.enter([&] {
    stop.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &stopped});
  });
  world.network.run_for(1s);
  EXPECT_FALSE(stopped);
  EXPECT_THAT(world.broker.received, HasSubstr("UNSUB 1"));
  EXPECT_EQ(world.call("late").status().code(), StatusCode::Unavailable);
  world.network.run_for(20s);
  EXPECT_TRUE(stopped);
  const Result<Text> reply = call->take();
  EXPECT_TRUE(reply.ok()) << reply.status();
}

TEST(NatsServer, CancelsItsCallsAfterTheGrace) {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  testing::run(world.server_host, world.server().shutdown(1s));
  world.network.run_for(100ms);
  EXPECT_EQ(call->take().status().message(), "the server is shutting down");
}

TEST(NatsServer, StopsAlthoughTheBrokerIsFrozen) {
  World world;
  world.start_server();
  world.broker.options.silent = true;
  const TimePoint begun = world.network.now();
  testing::run(world.server_host, world.server().shutdown(1s));
  EXPECT_LT(world.network.now() - begun, Duration(10s));
}

TEST(NatsServer, StartsWithoutItsBroker) {
  World world;
  world.broker.stop();
  world.start_server();
  world.network.run_for(1min);
  world.broker.open();
  world.network.run_for(1min);
  EXPECT_TRUE(world.call("hello").ok());
}

TEST(NatsServer, DoesNotStartWithAnAddressThatIsNone) {
  for (const auto& [address, why] :
       {std::pair("nats://broker", "no prefix"),
        std::pair("nats://broker/a b", "a prefix that is no subject"),
        std::pair("nats://broker/$JS", "reserves"), std::pair("nats:///a", "no host")}) {
    World world;
    Server server({.listen = address, .loops = {&world.server_host}});
    const Status status = server.start();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
}

}  // namespace
}  // namespace weft::nats
