// What a broker may do to a channel and to a server: it goes, comes back, refuses, and lies.

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/messaging/nats/internal/test_nats.h"

namespace weft::nats {
namespace {

using namespace test;
using ::testing::HasSubstr;

TEST(NatsBroker, IsConnectedAgainAfterItWasKilled) {
  World world;
  world.start_server();
  ASSERT_TRUE(world.call("hello").ok());
  const auto call = world.start("sleep");
  world.broker.stop();
  world.network.run_for(1s);
  const Status lost = call->take().status();
  EXPECT_EQ(lost.code(), StatusCode::Unavailable);
  EXPECT_EQ(lost.origin(), Origin::Transport);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("not known whether the call was served"));
  EXPECT_EQ(world.call("away").status().code(), StatusCode::Unavailable);
  const auto waits = world.start("waits", {.timeout = 1min, .wait_for_ready = true});
  world.broker.open();
  world.network.run_for(30s);
  EXPECT_TRUE(waits->take().ok());
  const Result<Text> reply = world.call("again");
  EXPECT_TRUE(reply.ok()) << reply.status();
}

TEST(NatsBroker, IsTakenForLostWhenItIsSilent) {
  Options options;
  options.ping_interval = 1s;
  World world(options);
  world.start_server();
  ASSERT_TRUE(world.call("hello").ok());
  world.broker.options.silent = true;
  const auto call = world.start("hello");
  world.network.run_for(5s);
  EXPECT_THAT(std::string(call->take().status().message()), HasSubstr("has not answered for two"));
}

TEST(NatsBroker, ThatRefusesTheCredentialsIsNamed) {
  World world;
  world.broker.options.password = "right";
  world.target = "nats://me:wrong@broker/shop";
  const Status status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::Unauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("NATS at broker:4222"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Authorization Violation"));
  EXPECT_EQ(status.message().find("wrong"), std::string_view::npos);
}

TEST(NatsBroker, TakesTheCredentialsOfTheAddressOrTheOptions) {
  Options options;
  options.user = "me";
  options.password = "right";
  World world(options);
  world.broker.options.password = "right";
  world.start_server();
  world.target = "nats://me:ri%67ht@broker/shop";
  EXPECT_TRUE(world.call("hello").ok());
}

TEST(NatsBroker, WithoutHeadersIsRefused) {
  World world;
  world.broker.options.headers = false;
  const Status status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("since version 2.2"));
}

TEST(NatsBroker, IsReadWithDoubt) {
  for (const std::string_view info :
       {"[]", "{\"max_payload\":-1}", "{\"max_payload\":0}", "{", "{\"max_payload\":\"x\"}",
        "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"}) {
    World world;
    world.broker.options.info = info;
    const Status status = world.call("hello").status();
    EXPECT_EQ(status.code(), StatusCode::Internal) << info << " " << status;
    EXPECT_EQ(status.origin(), Origin::Transport);
  }
}

TEST(NatsBroker, WithOrWithoutTlsHasToBeWhatTheAddressSays) {
  World world;
  world.broker.options.info = R"({"headers":true,"tls_required":true})";
  Status status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has to begin with nats+tls://"));
  world.drop_channel();
  world.broker.options.info.clear();
  world.target = "nats+tls://broker/shop";
  status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has no TLS"));
  world.drop_channel();
  world.target = "nats://broker/shop";
  world.channel_settings.tls.emplace();
  status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
}

TEST(NatsBroker, ThatSendsSomethingBehindItsInfoIsLeft) {
  World world;
  world.broker.options.info = "{\"headers\":true}\r\nPONG\r\nMSG _INBOX.x 1 2\r\nhi";
  const Status status = world.call("hello").status();
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than INFO"));
}

TEST(NatsBroker, ThatSendsNonsenseIsLeft) {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  world.broker.send("NONSENSE\r\n");
  world.network.run_for(100ms);
  const Status status = call->take().status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("no operation begins with: NONSENSE"));
  world.network.run_for(10s);
  EXPECT_TRUE(world.call("again").ok());
}

TEST(NatsBroker, NextInTheListIsTakenWhereOneIsAway) {
  World world;
  world.start_server();
  world.network.host("away");
  world.target = "nats://away,broker:4222/shop";
  const Result<Text> reply = world.call("hello");
  EXPECT_TRUE(reply.ok()) << reply.status();
}

TEST(NatsReplies, ThatAreForeignOrComeTwiceAreDropped) {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  const std::uint64_t dropped = dropped_messages();
  const std::string inbox = world.broker.replies.back();
  std::string other = inbox;
  other.back() = other.back() == '0' ? '1' : '0';
  world.broker.publish(other, "", "", "foreign");
  world.broker.publish(inbox + "0", "", "", "foreign");
  world.network.run_for(100ms);
  EXPECT_EQ(dropped_messages() - dropped, 2U);
  EXPECT_EQ(call->take().status().message(), "runs");
  // The first that has the token counts.
  world.broker.publish(inbox, "", "NATS/1.0\r\ngrpc-status: 10\r\n\r\n", "");
  world.broker.publish(inbox, "", "", "second");
  world.network.run_for(100ms);
  EXPECT_EQ(dropped_messages() - dropped, 3U);
  EXPECT_EQ(call->take().status().code(), StatusCode::Aborted);
}

/// The status of a call that is answered with this.
Status answered(std::string_view headers, std::string_view payload = "") {
  World world;
  world.start_server();
  const auto call = world.start("sleep");
  world.broker.publish(world.broker.replies.back(), "", headers, payload);
  world.network.run_for(100ms);
  return call->take().status();
}

TEST(NatsReplies, AreReadWithDoubt) {
  EXPECT_TRUE(answered("").ok());  // of a service that knows no headers
  EXPECT_EQ(answered("", "\xff no message").code(), StatusCode::Internal);
  EXPECT_EQ(answered("NATS/1.0\r\nno colon\r\n\r\n").code(), StatusCode::Internal);
  EXPECT_EQ(answered("NOTS/1.0\r\na: 1\r\n\r\n").code(), StatusCode::Internal);
  EXPECT_EQ(answered("NATS/1.0\r\ngrpc-status: x\r\n\r\n").code(), StatusCode::Unknown);
  EXPECT_EQ(answered("NATS/1.0\r\ngrpc-status: 99\r\n\r\n").code(), StatusCode::Unknown);
  EXPECT_EQ(answered("NATS/1.0\r\ngrpc-encoding: lzw\r\n\r\n").code(), StatusCode::Internal);
  EXPECT_EQ(answered("NATS/1.0\r\ngrpc-encoding: gzip\r\n\r\n", "no gzip").code(),
            StatusCode::Internal);
  EXPECT_EQ(answered("NATS/1.0 404\r\n\r\n").code(), StatusCode::Unavailable);
  const std::string much(20'000, 'x');
  EXPECT_EQ(answered("NATS/1.0\r\na: " + much + "\r\n\r\n").code(), StatusCode::ResourceExhausted);
}

TEST(NatsReplies, OfTheMicroProtocolAreErrors) {
  const Status status = answered(
      "NATS/1.0\r\nNats-Service-Error: out of stock\r\nNats-Service-Error-Code: 404\r\n\r\n");
  EXPECT_EQ(status.code(), StatusCode::Unknown);
  EXPECT_EQ(status.message(), "the service answered with error 404: \"out of stock\"");
}

TEST(NatsPermissions, EndTheCallThatTheBrokerDoesNotLetThrough) {
  World world;
  world.broker.held_prefix = "shop.";
  const auto call = world.start("hello");
  world.broker.send("-ERR 'Permissions Violation for Publish to \"shop.test.Echo.Echo\"'\r\n");
  world.network.run_for(100ms);
  EXPECT_EQ(call->take().status().code(), StatusCode::PermissionDenied);
}

TEST(NatsPermissions, ThatAreMissingDoNotFillTheLog) {
  int lines = 0;
  World world;
  world.start_server();
  EXPECT_TRUE(world.call("hello").ok());
  set_log_sink([&](LogLevel, std::string_view line) {
    lines += line.find("the broker said") != std::string_view::npos ? 1 : 0;
  });
  for (int i = 0; i < 1000; ++i) {
    world.broker.send("-ERR 'Permissions Violation for Publish to \"shop.other\"'\r\n");
  }
  world.network.run_for(100ms);
  set_log_sink({});
  // A second may begin meanwhile; a server and a client log.
  EXPECT_GE(lines, 1);
  EXPECT_LE(lines, 20);
}

/// The headers of the reply to a request of these.
std::string reply_to(std::string_view headers, std::string_view payload = "") {
  World world;
  world.start_server();
  world.broker.publish("shop.test.Echo.Echo", "answer", headers, payload);
  world.network.run_for(100ms);
  EXPECT_EQ(world.service->calls, 0) << headers;
  const auto& published = world.broker.published;
  return published.empty() ? "" : published.back();
}

TEST(NatsRequests, OfStrangersAreAnsweredWithWhatIsWrong) {
  EXPECT_EQ(reply_to("NATS/1.0\r\nno colon\r\n\r\n"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\ncontent-type: text/plain\r\n\r\n"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\ngrpc-timeout: soon\r\n\r\n"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\ngrpc-timeout: 0S\r\n\r\n"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\ngrpc-encoding: lzw\r\n\r\n"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\ngrpc-encoding: gzip\r\n\r\n", "no gzip"), "answer");
  EXPECT_EQ(reply_to("NATS/1.0\r\nx: " + std::string(20'000, 'x') + "\r\n\r\n"), "answer");
}

TEST(NatsRequests, ThatNobodyWaitsForAreDropped) {
  World world;
  world.start_server();
  const std::uint64_t dropped = dropped_messages();
  world.broker.publish("shop.test.Echo.Echo", "", "", "");
  world.network.run_for(100ms);
  EXPECT_EQ(dropped_messages() - dropped, 1U);
  EXPECT_EQ(world.service->calls, 0);
}

TEST(NatsRequests, WithoutHeadersAreServed) {
  World world;
  world.start_server();
  world.broker.publish("shop.test.Echo.Echo", "answer", "", "");
  world.network.run_for(100ms);
  EXPECT_EQ(world.service->calls, 1);
}

}  // namespace
}  // namespace weft::nats
