// Back-pressure and the limits of calls and connections.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::grpc_message;
using testing::grpc_request;
using testing::InProcess;
using testing::ScriptedPeer;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kPart = 64 * 1024;
constexpr std::size_t kFrame = http2::kDefaultFrameSize;
// Few and large segments: a simulated one costs as much as a real one does.
constexpr net::SimLink kFast{
    .latency = 100us, .jitter = 0ns, .segment = kPart, .window = 4 * kPart};

/// Sends and receives as much as it is asked to, and counts what it could.
struct Flood : Kinds {
  Task<Status> Expand(ServerContext&, const Text& request, Writer<Text>& writer) override {
    return flood(*this, std::stoul(request.value()), writer);
  }
  static Task<Status> flood(Flood& self, std::size_t bytes, Writer<Text>& writer) {
    self.written = 0;
    const Text part = text(std::string(kPart, 'f'));
    while (self.written < bytes) {
      if (!co_await writer.write(part)) {
        self.outcome = writer.status();
        co_return self.outcome;
      }
      self.written += kPart;
    }
    co_return ok_status();
  }
  Task<Result<Text>> Collect(ServerContext&, Reader<Text>& reader) override {
    return collect(*this, reader);
  }
  static Task<Result<Text>> collect(Flood& self, Reader<Text>& reader) {
    static_cast<void>(co_await net::sleep(self.pause));
    std::size_t read = 0;
    while (const std::optional<Text> part = co_await reader.read()) read += part->value().size();
    co_return text(std::to_string(read));
  }
  std::size_t written = 0;
  Status outcome;
  Duration pause{};
};

// The stream's window at the client, what the two sockets hold, what waits to be written, and the
// message that is under way at each end.
constexpr std::size_t kMostHeld = 256 * 1024 + 2 * kFast.window + kMiB + 2 * kPart;

Task<Status> open_and_read(Channel& channel, std::size_t bytes, Duration pause, std::size_t& read) {
  const Text request = text(std::to_string(bytes));
  auto stream = co_await test::expand(channel, request);
  static_cast<void>(co_await net::sleep(pause));
  while (const std::optional<Text> part = co_await stream.read()) read += part->value().size();
  co_return co_await stream.finish();
}

TEST(BackPressure, AClientThatDoesNotReadStopsTheServer) {
  InProcess world({.link = kFast});
  Flood& service = world.add<Flood>();
  std::size_t read = 0;
  Task<Status> call = open_and_read(world.channel(), 100 * kMiB, 1h, read);
  EXPECT_THROW((void)world.run(std::move(call), 1min), testing::DidNotHappen);
  EXPECT_GT(service.written, 256U * 1024);
  EXPECT_LT(service.written, kMostHeld);
  // The stream object is gone with its coroutine: the handler was cancelled.
  world.run_for(1s);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(BackPressure, EndsWhenTheClientReadsOn) {
  InProcess world({.link = kFast});
  world.add<Flood>();
  std::size_t read = 0;
  const Status status = world.run(open_and_read(world.channel(), 20 * kMiB, 10s, read));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(read, 20 * kMiB);
}

Task<Status> flood_server(Channel& channel, std::size_t bytes, std::size_t& written,
                          std::string& answer) {
  auto stream = co_await test::collect(channel);
  const Text part = text(std::string(kPart, 'c'));
  while (written < bytes) {
    if (!co_await stream.write(part)) break;
    written += kPart;
  }
  const Result<Text> reply = co_await stream.finish();
  if (reply.ok()) answer = reply->value();
  co_return reply.status();
}

TEST(BackPressure, AHandlerThatDoesNotReadStopsTheClient) {
  InProcess world({.link = kFast});
  world.add<Flood>().pause = 1h;
  std::size_t written = 0;
  std::string answer;
  Task<Status> call = flood_server(world.channel(), 100 * kMiB, written, answer);
  EXPECT_THROW((void)world.run(std::move(call), 1min), testing::DidNotHappen);
  EXPECT_GT(written, 256U * 1024);
  EXPECT_LT(written, kMostHeld);
}

TEST(BackPressure, AHandlerThatReadsLateGetsEverything) {
  InProcess world({.link = kFast});
  world.add<Flood>().pause = 10s;
  std::size_t written = 0;
  std::string answer;
  const Status status = world.run(flood_server(world.channel(), 20 * kMiB, written, answer));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(answer, std::to_string(20 * kMiB));
}

TEST(BackPressure, OfOneStreamDoesNotHoldUpTheOthers) {
  InProcess world({.link = kFast});
  world.add<Flood>();
  struct Both {
    static Task<Status> run(InProcess& world) {
      const Text all = text(std::to_string(100 * kMiB));
      std::vector<ClientReader<Text>> stalled;
      for (int i = 0; i < 8; ++i) stalled.push_back(co_await test::expand(world.channel(), all));
      static_cast<void>(co_await net::sleep(1s));
      const Text request = text(std::string(kMiB, 'u'));
      const Result<Text> reply = co_await test::unary(world.channel(), request, {.timeout = 1s});
      co_return reply.status();
    }
  };
  const Status status = world.run(Both::run(world));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST(BackPressure, WithoutCreditTheServerSendsOneWindow) {
  InProcess world({.link = kFast});
  Flood& service = world.add<Flood>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->set_give_credit(false);
  const std::string request = text(std::to_string(100 * kMiB)).SerializeAsString();
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Expand")) +
             testing::data(1, grpc_message(request), EndStream::Yes));
  world.run_for(10s);
  EXPECT_EQ(peer->data_of(1).size(), 65535U);
  // The first message is on its way, the second waits for the first.
  EXPECT_LE(service.written, 2 * kPart);
}

TEST(BackPressure, AnUnreadConnectionBoundsTheServersOutput) {
  InProcess world({.link = kFast});
  Flood& service = world.add<Flood>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(testing::window_update(0, 0x7fff0000 - 65535));
  world.run_for(10ms);  // for the acknowledgement of the server's SETTINGS
  const std::string request = text(std::to_string(100 * kMiB)).SerializeAsString();
  peer->send(testing::settings({{http2::SettingId::InitialWindowSize, 0x7fff0000}}) +
             testing::headers(1, grpc_request("/test.Kinds/Expand", {{"grpc-timeout", "20S"}})) +
             testing::data(1, grpc_message(request), EndStream::Yes));
  peer->set_reading(false);
  world.run_for(10s);
  EXPECT_TRUE(service.outcome.ok());
  EXPECT_LT(service.written, kFast.window + kMiB + 2 * kPart);
  EXPECT_GT(service.written, kFast.window);
  // Who waits to write is told that the call is over though nothing can be sent.
  world.run_for(11s);
  EXPECT_EQ(service.outcome.code(), StatusCode::DeadlineExceeded);
}

TEST(Limits, AWindowIsAnEighthOfTheBudgetAtMost) {
  InProcess world({.server = {.max_connection_memory = 2 * kMiB}});
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  EXPECT_EQ(peer->expect(FrameType::WindowUpdate, 0).to_string(),
            "WINDOW_UPDATE 0 +" + std::to_string(kMiB / 4 - http2::kDefaultWindow));
}

TEST(Limits, WhatCountsAsAbuseIsAnOption) {
  InProcess::Options options{.link = kFast};
  options.server.abuse.reset_burst = 3;
  options.server.abuse.resets_per_second = 1;
  InProcess world(options);
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  for (std::uint32_t id = 1; id <= 9; id += 2) {
    peer->send(testing::headers(id, grpc_request("/test.Kinds/Unary")) +
               testing::rst_stream(id, http2::ErrorCode::Cancel));
  }
  EXPECT_EQ(peer->expect(FrameType::Goaway).error(), http2::ErrorCode::EnhanceYourCalm);
}

/// Answers when it is told to.
struct Gate : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return pass(*this, request);
  }
  static Task<Result<Text>> pass(Gate& self, const Text& request) {
    ++self.waiting;
    self.most = std::max(self.most, self.waiting);
    const Status slept = co_await net::sleep(self.time);
    --self.waiting;
    if (!slept.ok()) co_return slept;
    co_return request;
  }
  Duration time = 100ms;
  std::size_t waiting = 0;
  std::size_t most = 0;
};

Task<> call_once(Channel& channel, std::vector<Status>& outcomes) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request);
  outcomes.push_back(reply.status());
}

Task<Status> call_together(Channel& channel, int count, std::vector<Status>& outcomes) {
  Scope scope(co_await current_context());
  for (int i = 0; i < count; ++i) scope.spawn(call_once(channel, outcomes));
  co_await scope.join();
  co_return scope.status();
}

TEST(Limits, CallsBeyondTheServersLimitAreResourceExhausted) {
  InProcess world({.server = {.max_calls = 10}});
  Gate& service = world.add<Gate>();
  std::vector<Status> outcomes;
  static_cast<void>(world.run(call_together(world.channel(), 15, outcomes)));
  ASSERT_EQ(outcomes.size(), 15U);
  const auto refused = std::count_if(outcomes.begin(), outcomes.end(), [](const Status& status) {
    return status == resource_exhausted(
                         "the server has reached its limit of 10 calls at a time "
                         "(ServerOptions::max_calls)");
  });
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(service.most, 10U);
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("x"))).ok());
}

TEST(Limits, CallsBeyondAConnectionsStreamsWaitOrTakeAnotherConnection) {
  InProcess world({.server = {.max_calls_per_connection = 10}, .channel = {.max_connections = 3}});
  Gate& service = world.add<Gate>();
  std::vector<Status> outcomes;
  const Status status = world.run(call_together(world.channel(), 100, outcomes));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(outcomes.size(), 100U);
  EXPECT_EQ(world.server().active_connections(), 3U);
  EXPECT_EQ(service.most, 30U);
}

Task<> call_numbered(Channel& channel, int number, std::vector<int>& order) {
  const Text request = text("x");
  if ((co_await test::unary(channel, request)).ok()) order.push_back(number);
}

TEST(Limits, WaitingCallsGetStreamsInOrder) {
  InProcess world({.server = {.max_calls_per_connection = 1}, .channel = {.max_connections = 1}});
  world.add<Gate>().time = 10ms;
  struct Numbered {
    static Task<Status> run(Channel& channel, std::vector<int>& order) {
      Scope scope(co_await current_context());
      for (int i = 0; i < 20; ++i) scope.spawn(call_numbered(channel, i, order));
      // One that comes just as a stream ends does not overtake.
      static_cast<void>(co_await net::sleep(35ms));
      scope.spawn(call_numbered(channel, 20, order));
      co_await scope.join();
      co_return scope.status();
    }
  };
  std::vector<int> order;
  ASSERT_TRUE(world.run(Numbered::run(world.channel(), order)).ok());
  ASSERT_EQ(order.size(), 21U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Limits, ACancelledWaiterDoesNotDelayTheOthers) {
  InProcess world({.server = {.max_calls_per_connection = 1}, .channel = {.max_connections = 1}});
  world.add<Gate>().time = 50ms;
  struct Mixed {
    static Task<> impatient(Channel& channel, int& expired) {
      const Text request = text("x");
      const Result<Text> reply = co_await test::unary(channel, request, {.timeout = 20ms});
      if (reply.status().code() == StatusCode::DeadlineExceeded) ++expired;
    }
    static Task<Status> run(Channel& channel, std::vector<Status>& outcomes, int& expired) {
      Scope scope(co_await current_context());
      for (int i = 0; i < 20; ++i) {
        scope.spawn(call_once(channel, outcomes));
        scope.spawn(impatient(channel, expired));
      }
      co_await scope.join();
      co_return scope.status();
    }
  };
  std::vector<Status> outcomes;
  int expired = 0;
  ASSERT_TRUE(world.run(Mixed::run(world.channel(), outcomes, expired)).ok());
  EXPECT_EQ(expired, 20);
  ASSERT_EQ(outcomes.size(), 20U);
  for (const Status& status : outcomes) EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(Limits, ConnectionsBeyondTheServersLimitAreClosedAtOnce) {
  InProcess world({.server = {.max_connections = 2}});
  world.add<Kinds>();
  ASSERT_TRUE(world.run(test::unary(world.channel(), text("x"))).ok());
  auto second = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  second->expect(FrameType::Settings);
  auto third = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  third->expect_closed(1s);
  EXPECT_TRUE(third->frames().empty());
  EXPECT_EQ(world.server().active_connections(), 2U);
  second->close();
  world.run_for(1s);
  auto fourth = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  fourth->expect(FrameType::Settings);
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("x"))).ok());
}

TEST(Limits, AnUntakenResponseEndsAtItsDeadline) {
  InProcess world({.link = kFast});
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->set_give_credit(false);
  const std::string request = text(std::string(kMiB, 'x')).SerializeAsString();
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary", {{"grpc-timeout", "1S"}})));
  const std::string body = grpc_message(request);
  for (std::size_t at = 0; at < body.size(); at += kFrame) {
    const EndStream end = at + kFrame >= body.size() ? EndStream::Yes : EndStream::No;
    peer->send(testing::data(1, body.substr(at, kFrame), end));
    world.run_for(1ms);
  }
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 1U);
  // The trailers do not wait behind the response.
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "200");
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field("grpc-status"), "4");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

}  // namespace
}  // namespace weft::rpc
