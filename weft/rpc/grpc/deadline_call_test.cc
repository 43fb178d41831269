// Deadlines and cancellation of calls, in virtual time.

#include <string>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::grpc_message;
using testing::grpc_request;
using testing::InProcess;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr net::SimLink kExact{.latency = 1ms, .jitter = 0ns};

/// Waits, and keeps how that ended and when.
struct Sleeper : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    return sleep(*this, context, request);
  }
  static Task<Result<Text>> sleep(Sleeper& self, ServerContext& context, const Text& request) {
    self.deadline = context.deadline();
    self.time_left = context.time_left();
    ++self.running;
    self.woken = co_await net::sleep(self.duration);
    self.ended_at = net::Loop::current()->now();
    self.saw_cancel = context.is_cancelled();
    --self.running;
    if (!self.woken.ok()) co_return self.woken;
    co_return request;
  }
  Duration duration = 1h;
  int running = 0;
  Status woken;
  TimePoint ended_at{};
  TimePoint deadline{};
  Duration time_left{};
  bool saw_cancel = false;
};

/// Takes no notice of its cancellation.
struct Stubborn : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return ignore(*this, request);
  }
  static Task<Result<Text>> ignore(Stubborn& self, const Text& request) {
    Context own;
    const Status slept = co_await net::sleep(1s).in(own);
    self.ended = slept.ok();
    co_return request;
  }
  bool ended = false;
};

class Deadlines : public ::testing::Test {
 protected:
  Deadlines() : world({.link = kExact}), service(world.add<Sleeper>()) {}
  /// Makes the connection, so that what follows takes one latency each way.
  void warm_up() {
    service.duration = 0s;
    const Text request = text("warm");
    ASSERT_TRUE(world.run(test::unary(world.channel(), request)).ok());
    service.duration = 1h;
  }
  Result<Text> call(CallOptions options, Context* context = nullptr) {
    const Text request = text("x");
    return world.run(test::unary(world.channel(), request, options), 2h, context);
  }
  InProcess world;
  Sleeper& service;
};

TEST_F(Deadlines, PassAtTheClientToTheNanosecond) {
  warm_up();
  const TimePoint begun = world.now();
  const Result<Text> reply = call({.timeout = 50ms});
  EXPECT_EQ(world.now() - begun, Duration(50ms));
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(reply.status().message(), "deadline exceeded after 50ms");
  EXPECT_EQ(reply.status().origin(), Origin::Local);
}

TEST_F(Deadlines, TravelToTheServerWhichKeepsThemItself) {
  warm_up();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  world.run_for(10ms);
  const TimePoint sent = world.now();
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary", {{"grpc-timeout", "50m"}})) +
             testing::data(1, grpc_message(""), EndStream::Yes));
  const testing::Frame& end = peer->expect_end(1);
  EXPECT_EQ(world.now() - sent, Duration(52ms));  // there, the time, and back
  EXPECT_EQ(end.field("grpc-status"), "4");
  EXPECT_EQ(end.field("grpc-message"), "deadline exceeded after 50ms");
  EXPECT_EQ(service.time_left, Duration(50ms));
  EXPECT_EQ(service.woken.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(service.ended_at - sent, Duration(51ms));
  EXPECT_TRUE(service.saw_cancel);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_F(Deadlines, AreNeverWhereTheClientSetsNone) {
  service.duration = 1ms;
  ASSERT_TRUE(call({}).ok());
  EXPECT_EQ(service.deadline, kNever);
  EXPECT_EQ(service.time_left, kForever);
}

TEST_F(Deadlines, OfAnyUnitAreUnderstood) {
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  const std::pair<const char*, Duration> kUnits[] = {
      {"2H", 2h}, {"3M", 3min}, {"4S", 4s}, {"5m", 5ms}, {"6u", 6us}, {"99999999S", 99999999s}};
  service.duration = 0s;
  std::uint32_t id = 1;
  for (const auto& [unit, duration] : kUnits) {
    peer->send(testing::headers(id, grpc_request("/test.Kinds/Unary", {{"grpc-timeout", unit}})) +
               testing::data(id, grpc_message(""), EndStream::Yes));
    peer->expect_end(id);
    EXPECT_EQ(service.time_left, duration) << unit;
    id += 2;
  }
}

TEST_F(Deadlines, OfTheChannelHoldWhereACallSetsNone) {
  InProcess other({.link = kExact, .channel = {.default_timeout = 30ms}});
  other.add<Sleeper>();
  const Text request = text("x");
  const TimePoint begun = other.now();
  Result<Text> reply = other.run(test::unary(other.channel(), request));
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(other.now() - begun, Duration(30ms));
  reply = other.run(test::unary(other.channel(), request, {.timeout = 70ms}));
  EXPECT_EQ(reply.status().message(), "deadline exceeded after 70ms");
}

TEST_F(Deadlines, OfTheCallersContextHoldThoughNobodyElseWatchesThem) {
  warm_up();
  Context context;
  context.limit_deadline(after(world.now(), 40ms));
  const TimePoint begun = world.now();
  const Result<Text> reply = call({.timeout = 1h}, &context);
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(world.now() - begun, Duration(40ms));
}

TEST_F(Deadlines, ThatHaveNotPassedWhenTheCallEndsChangeNothing) {
  service.duration = 10ms;
  EXPECT_TRUE(call({.timeout = 50ms}).ok());
  world.run_for(1s);
  EXPECT_TRUE(call({.timeout = 50ms}).ok());
}

TEST_F(Deadlines, ThatHavePassedBeforeTheCallSendNothing) {
  warm_up();
  const Result<Text> reply = call({.timeout = 0ms});
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(reply.status().message(), "the deadline had passed before the call was sent");
  EXPECT_EQ(service.running, 0);
}

TEST_F(Deadlines, WhileThereIsNoConnectionSayWhatWasWaitedFor) {
  Channel nowhere("server:1");
  const Text request = text("x");
  const Result<Text> reply =
      world.run(test::unary(nowhere, request, {.timeout = 500ms, .wait_for_ready = true}));
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(reply.status().message(),
            "deadline exceeded after 500ms while waiting for a connection to server:1; last "
            "error: memory:server:1: connection refused");
}

/// Calls another server from its handler.
struct Front : Kinds {
  explicit Front(std::string target) : back(std::move(target)) {}
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    return forward(*this, context, request);
  }
  static Task<Result<Text>> forward(Front& self, ServerContext& context, const Text& request) {
    self.deadline = context.deadline();
    static_cast<void>(co_await net::sleep(20ms));
    Result<Text> reply = co_await test::unary(self.back, request);
    self.outcome = reply.status();
    self.ended_at = net::Loop::current()->now();
    co_return reply;
  }
  Channel back;
  TimePoint deadline{};
  TimePoint ended_at{};
  Status outcome;
};

class NestedCalls : public ::testing::Test {
 protected:
  NestedCalls()
      : world({.link = kExact}),
        backend(world.network().host("back"), 1),
        front(world.add<Front>("back:1")) {
    client =
        (world.start(), ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort));
  }
  void begin(const testing::Fields& more = {}) {
    client->send(testing::headers(1, grpc_request("/test.Kinds/Unary", more)) +
                 testing::data(1, grpc_message(""), EndStream::Yes));
    back = &backend.accept();
  }
  InProcess world;
  ScriptedServer backend;
  Front& front;
  std::unique_ptr<ScriptedPeer> client;
  ScriptedPeer* back = nullptr;
};

TEST_F(NestedCalls, InheritTheDeadlineLessWhatWasSpent) {
  begin({{"grpc-timeout", "50m"}});
  const testing::Frame& request = back->expect(FrameType::Headers, 1);
  Duration left{};
  ASSERT_TRUE(parse_timeout(request.field("grpc-timeout"), left)) << request.field("grpc-timeout");
  EXPECT_LT(left, Duration(30ms));
  const TimePoint sent = world.now() - kExact.latency;
  // Rounded up to what eight digits can say.
  EXPECT_GE(sent + left, front.deadline);
  EXPECT_LE(sent + left, front.deadline + 1us);
  EXPECT_EQ(client->expect_end(1).field("grpc-status"), "4");
  EXPECT_EQ(front.outcome.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(front.ended_at, front.deadline);
}

TEST_F(NestedCalls, AreCancelledWithTheirParent) {
  begin();
  back->expect(FrameType::Headers, 1);
  client->send(testing::rst_stream(1, ErrorCode::Cancel));
  EXPECT_EQ(back->expect(FrameType::RstStream, 1).error(), ErrorCode::Cancel);
  EXPECT_EQ(front.outcome.code(), StatusCode::Cancelled);
  EXPECT_EQ(front.outcome.message(), "the client cancelled the call (RST_STREAM CANCEL)");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_F(NestedCalls, AreCancelledWhenTheClientsConnectionIsLost) {
  begin();
  back->expect(FrameType::Headers, 1);
  client->close();
  EXPECT_EQ(back->expect(FrameType::RstStream, 1).error(), ErrorCode::Cancel);
  EXPECT_EQ(front.outcome.code(), StatusCode::Cancelled);
  EXPECT_EQ(front.outcome.message(), "the connection to the client was lost");
}

class Cancellation : public Deadlines {
 protected:
  void expect_handler_cancelled() {
    world.run_for(10ms);
    EXPECT_EQ(service.running, 0);
    EXPECT_EQ(service.woken.code(), StatusCode::Cancelled);
    EXPECT_EQ(service.woken.message(), "the client cancelled the call (RST_STREAM CANCEL)");
    EXPECT_EQ(world.server().active_calls(), 0U);
  }
};

Task<Status> call_in_scope(Channel& channel, Context& context) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request).in(context);
  co_return reply.status();
}

Task<Status> cancel_after(Duration time, Context& context) {
  static_cast<void>(co_await net::sleep(time));
  context.cancel(cancelled("no longer needed"));
  co_return ok_status();
}

Task<Status> call_and_cancel(Channel& channel) {
  Context context;
  Scope scope(nullptr);
  scope.spawn(cancel_after(20ms, context));
  Status status = co_await call_in_scope(channel, context);
  co_await scope.join();
  co_return status;
}

TEST_F(Cancellation, OfTheContextReachesTheServer) {
  warm_up();
  const Status status = world.run(call_and_cancel(world.channel()));
  EXPECT_EQ(status, cancelled("no longer needed"));
  expect_handler_cancelled();
}

TEST_F(Cancellation, OfACallThatWaitsForItsConnectionEndsIt) {
  Channel nowhere("server:1");
  struct Waits {
    static Task<Status> run(Channel& channel) {
      Context context;
      Scope scope(nullptr);
      scope.spawn(cancel_after(20ms, context));
      const Text request = text("x");
      const CallOptions options{.wait_for_ready = true};
      const Result<Text> reply = co_await test::unary(channel, request, options).in(context);
      co_await scope.join();
      co_return reply.status();
    }
  };
  const Status status = world.run(Waits::run(nowhere));
  EXPECT_EQ(status.code(), StatusCode::Cancelled);
  EXPECT_TRUE(status.message().starts_with("no longer needed while waiting for a connection"))
      << status.to_string();
}

/// Sleeps on the stream until its client goes.
struct Listener : Kinds {
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    return listen(*this, context, reader, writer);
  }
  static Task<Status> listen(Listener& self, ServerContext& context, Reader<Text>& reader,
                             Writer<Text>& writer) {
    ++self.running;
    while (const std::optional<Text> message = co_await reader.read()) {
      if (!co_await writer.write(*message)) break;
    }
    self.read_status = reader.status();
    self.reason = context.cancel_reason();
    --self.running;
    co_return ok_status();
  }
  int running = 0;
  Status read_status;
  Status reason;
};

Task<Status> chat_then_cancel(Channel& channel) {
  auto stream = co_await test::chat(channel);
  const Text message = text("hi");
  static_cast<void>(co_await stream.write(message));
  static_cast<void>(co_await stream.read());
  stream.cancel();
  if (co_await stream.read()) co_return internal_error("a message after the cancellation");
  if (co_await stream.write(message)) co_return internal_error("written after the cancellation");
  co_return co_await stream.finish();
}

TEST(CancelledStreams, EndWithCancelledOnBothSides) {
  InProcess world({.link = kExact});
  Listener& service = world.add<Listener>();
  const Status status = world.run(chat_then_cancel(world.channel()));
  EXPECT_EQ(status, cancelled("the caller cancelled the call"));
  world.run_for(10ms);
  EXPECT_EQ(service.running, 0);
  EXPECT_EQ(service.reason.code(), StatusCode::Cancelled);
  EXPECT_EQ(service.read_status.code(), StatusCode::Cancelled);
}

Task<Status> chat_then_drop(Channel& channel, bool answered) {
  auto stream = co_await test::chat(channel);
  const Text message = text("hi");
  static_cast<void>(co_await stream.write(message));
  if (answered) static_cast<void>(co_await stream.read());
  co_return ok_status();
}

TEST(CancelledStreams, AreCancelledByDestroyingTheStreamObject) {
  InProcess world({.link = kExact});
  Listener& service = world.add<Listener>();
  for (const bool answered : {true, false}) {
    service.reason = {};
    ASSERT_TRUE(world.run(chat_then_drop(world.channel(), answered)).ok());
    world.run_for(10ms);
    EXPECT_EQ(service.running, 0);
    // Cancelled in the turn it arrives in, the call does not reach its handler.
    EXPECT_EQ(service.reason.code(), answered ? StatusCode::Cancelled : StatusCode::Ok);
    EXPECT_EQ(world.server().active_calls(), 0U);
  }
}

TEST(HandlersThatIgnoreTheirEnd, AreLeftAloneAndHarmNobody) {
  InProcess world({.link = kExact});
  Stubborn& service = world.add<Stubborn>();
  const Text request = text("x");
  const Result<Text> reply = world.run(test::unary(world.channel(), request, {.timeout = 100ms}));
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 1U);
  EXPECT_FALSE(service.ended);
  world.run_for(1s);
  EXPECT_TRUE(service.ended);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(HandlersThatIgnoreTheirEnd, MayOutliveTheirConnection) {
  InProcess world({.link = kExact});
  Stubborn& service = world.add<Stubborn>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary")) +
             testing::data(1, grpc_message(""), EndStream::Yes));
  world.run_for(10ms);
  peer->close();
  world.run_for(10ms);
  EXPECT_EQ(world.server().active_connections(), 0U);
  EXPECT_EQ(world.server().active_calls(), 1U);
  world.run_for(2s);
  EXPECT_TRUE(service.ended);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

Task<Status> read_late(Channel& channel, Duration pause, std::string letters, int& received) {
  const Text request = text(letters);
  auto stream = co_await test::expand(channel, request, {.timeout = 100ms});
  for (std::size_t i = 0; i + 1 < letters.size(); ++i) {
    if (co_await stream.read()) ++received;
  }
  Context own;
  static_cast<void>(co_await net::sleep(pause).in(own));
  while (co_await stream.read()) ++received;
  co_return co_await stream.finish();
}

TEST(DeadlinesOfStreams, DoNotTakeBackACallThatHasEnded) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  int received = 0;
  const Status status = world.run(read_late(world.channel(), 1s, "ab", received));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(received, 2);
}

TEST(DeadlinesOfStreams, EndOneWhoseResponsesWereNotReadInTime) {
  InProcess world({.link = kExact});
  world.add<Kinds>();
  struct Lazy {
    static Task<Status> run(Channel& channel) {
      const Text request = text("abcdef");
      auto stream = co_await test::expand(channel, request, {.timeout = 100ms});
      static_cast<void>(co_await stream.read());
      Context own;
      static_cast<void>(co_await net::sleep(1s).in(own));
      while (co_await stream.read()) {
      }
      co_return co_await stream.finish();
    }
  };
  const Status status = world.run(Lazy::run(world.channel()));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded) << status.to_string();
}

TEST(ChannelsThatAreDestroyed, EndTheirCallsWithCancelled) {
  InProcess world({.link = kExact});
  Sleeper& service = world.add<Sleeper>();
  struct Drops {
    static Task<Status> drop_later(InProcess& world) {
      static_cast<void>(co_await net::sleep(20ms));
      world.drop_channel();
      co_return ok_status();
    }
    static Task<Status> run(InProcess& world) {
      Scope scope(co_await current_context());
      scope.spawn(drop_later(world));
      const Text request = text("x");
      const Result<Text> reply = co_await test::unary(world.channel(), request);
      co_await scope.join();
      co_return reply.status();
    }
  };
  const Status status = world.run(Drops::run(world));
  EXPECT_EQ(status, cancelled("the channel was destroyed")) << status.to_string();
  world.run_for(10ms);
  EXPECT_EQ(service.running, 0);
  EXPECT_EQ(service.woken.code(), StatusCode::Cancelled);
}

}  // namespace
}  // namespace weft::rpc
