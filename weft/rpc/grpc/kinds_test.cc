// The four kinds of calls, end to end over a simulated network.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

constexpr std::size_t kLimit = 4 * 1024 * 1024;

TEST(Kinds, AUnaryCallIsAnswered) {
  InProcess world;
  world.add<Kinds>();
  const Text request = text("hello");
  const Result<Text> reply = world.run(test::unary(world.channel(), request));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "hello");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

Task<Result<Text>> collect_parts(Channel& channel, std::vector<std::string> parts) {
  auto stream = co_await test::collect(channel);
  for (const std::string& part : parts) {
    const Text message = text(part);
    if (!co_await stream.write(message)) break;
  }
  co_return co_await stream.finish();
}

TEST(Kinds, AClientStreamIsCollected) {
  InProcess world;
  world.add<Kinds>();
  const Result<Text> reply = world.run(collect_parts(world.channel(), {"a", "", "bc", "d"}));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "abcd");
}

TEST(Kinds, AClientStreamOfNoMessagesIsAnsweredToo) {
  InProcess world;
  world.add<Kinds>();
  const Result<Text> reply = world.run(collect_parts(world.channel(), {}));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "");
}

Task<std::string> expand_text(Channel& channel, std::string letters, Status& status) {
  const Text request = text(letters);
  auto stream = co_await test::expand(channel, request);
  std::string all;
  while (const std::optional<Text> part = co_await stream.read()) all += part->value() + ".";
  status = co_await stream.finish();
  co_return all;
}

TEST(Kinds, AServerStreamIsReadToItsEnd) {
  InProcess world;
  world.add<Kinds>();
  Status status;
  EXPECT_EQ(world.run(expand_text(world.channel(), "xyz", status)), "x.y.z.");
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(world.run(expand_text(world.channel(), "", status)), "");
  EXPECT_TRUE(status.ok()) << status.to_string();
}

Task<Status> ping_pong(Channel& channel, int rounds) {
  auto stream = co_await test::chat(channel);
  for (int i = 0; i < rounds; ++i) {
    const Text message = text(std::to_string(i));
    if (!co_await stream.write(message)) co_return internal_error("not written");
    const std::optional<Text> echo = co_await stream.read();
    if (!echo || echo->value() != message.value()) co_return internal_error("not echoed");
  }
  stream.half_close();
  if (co_await stream.read()) co_return internal_error("a message too many");
  co_return co_await stream.finish();
}

TEST(Kinds, ABidirectionalStreamRunsUntilHalfClosed) {
  InProcess world;
  world.add<Kinds>();
  const Status status = world.run(ping_pong(world.channel(), 100));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

Task<Status> write_all(ClientReaderWriter<Text, Text>& stream, int count, int& written) {
  const Text message = text(std::string(1000, 'w'));
  for (; written < count; ++written) {
    if (!co_await stream.write(message)) break;
  }
  stream.half_close();
  co_return ok_status();
}

Task<Status> read_and_write(Channel& channel, int count, int& received) {
  auto stream = co_await test::chat(channel);
  Scope scope(co_await current_context());
  int written = 0;
  scope.spawn(write_all(stream, count, written));
  while (const std::optional<Text> part = co_await stream.read()) ++received;
  co_await scope.join();
  co_return co_await stream.finish();
}

TEST(Kinds, OneCoroutineMayReadWhileAnotherWrites) {
  InProcess world;
  world.add<Kinds>();
  int received = 0;
  const Status status = world.run(read_and_write(world.channel(), 2000, received));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(received, 2000);
}

class MessageSize : public ::testing::TestWithParam<std::size_t> {};

TEST_P(MessageSize, ComesBackAsItWasSent) {
  InProcess world({.channel = {.max_receive_size = kLimit + 64}});
  world.add<Kinds>();
  std::string content(GetParam(), '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 >> 3);
  const Text request = text(content);
  const Result<Text> reply = world.run(test::unary(world.channel(), request));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_TRUE(reply->value() == content);
}

// 4 and 5: what the field's tag and length take within the message.
INSTANTIATE_TEST_SUITE_P(Sizes, MessageSize,
                         ::testing::Values(0, 1, 16384 - 9, 65535 - 9, 65535, 65536,
                                           256 * 1024 - 10, 256 * 1024 - 9, 256 * 1024 - 8,
                                           256 * 1024 + 1, 1024 * 1024, kLimit - 5));

TEST(Kinds, TooLargeARequestIsRefusedWithTheLimit) {
  InProcess world;
  world.add<Kinds>();
  const Text request = text(std::string(kLimit - 4, 'x'));
  ASSERT_EQ(request.ByteSizeLong(), kLimit + 1);
  const Result<Text> reply = world.run(test::unary(world.channel(), request));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "a message of 4194305 bytes is larger than the limit of 4194304 bytes "
            "(max_receive_size)");
  EXPECT_EQ(reply.status().origin(), Origin::Peer);
}

TEST(Kinds, TheClientRefusesATooLargeResponse) {
  InProcess world({.channel = {.max_receive_size = 100}});
  world.add<Kinds>();
  const Text request = text(std::string(101, 'x'));
  const Result<Text> reply = world.run(test::unary(world.channel(), request));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "a message of 103 bytes is larger than the limit of 100 bytes (max_receive_size)");
  EXPECT_EQ(reply.status().origin(), Origin::Local);
  const Text fits = text(std::string(98, 'x'));
  EXPECT_TRUE(world.run(test::unary(world.channel(), fits)).ok());
  EXPECT_TRUE(world.run(test::unary(world.channel(), request, {.max_receive_size = 103})).ok());
}

TEST(Kinds, WhatIsLargerThanTheSendLimitDoesNotLeave) {
  InProcess world({.server = {.max_send_size = 60}, .channel = {.max_send_size = 100}});
  world.add<Kinds>();
  Result<Text> reply = world.run(test::unary(world.channel(), text(std::string(101, 'x'))));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "request message of 103 bytes is larger than the limit of 100 "
            "(ChannelOptions::max_send_size)");
  reply = world.run(test::unary(world.channel(), text(std::string(90, 'x'))));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "response message of 92 bytes is larger than the limit of 60 "
            "(ServerOptions::max_send_size)");
}

Task<Status> count_ok(Channel& channel, std::size_t& ok) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request);
  if (reply.ok()) ++ok;
  co_return reply.status();
}

Task<Status> call_many(Channel& channel, std::size_t count, std::size_t& ok) {
  Scope scope(co_await current_context());
  for (std::size_t i = 0; i < count; ++i) scope.spawn(count_ok(channel, ok));
  co_await scope.join();
  co_return scope.status();
}

TEST(Kinds, TenThousandCallsShareAHundredStreams) {
  InProcess world({.server = {.max_calls_per_connection = 100}, .channel = {.max_connections = 1}});
  world.add<Kinds>();
  std::size_t ok = 0;
  const Status status = world.run(call_many(world.channel(), 10000, ok));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(ok, 10000U);
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST(Kinds, AFewHundredStreamsRunAtTheSameTime) {
  InProcess world;
  world.add<Kinds>();
  struct Many {
    static Task<Status> run(Channel& channel) {
      Scope scope(co_await current_context());
      for (int i = 0; i < 300; ++i) scope.spawn(ping_pong(channel, 20));
      co_await scope.join();
      co_return scope.status();
    }
  };
  const Status status = world.run(Many::run(world.channel()));
  EXPECT_TRUE(status.ok()) << status.to_string();
}

}  // namespace
}  // namespace weft::rpc
