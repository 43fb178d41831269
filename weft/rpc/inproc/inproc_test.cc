// The same calls over a simulated network and in the process: on one loop, and from one loop to
// another. What the application sees is the same.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/scope.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;

enum class Way { Network, OneLoop, TwoLoops };

std::string name_of(Way way) {
  switch (way) {
    case Way::Network:
      return "Network";
    case Way::OneLoop:
      return "OneLoop";
    default:
      return "TwoLoops";
  }
}

/// A server and a channel to it.
class World {
 public:
  explicit World(Way way, ServerOptions server = {}, ChannelOptions options = {}) : way_(way) {
    server.listen = way == Way::Network ? ":1" : "inproc:test";
    server.loops = {&server_host()};
    server_ = std::make_unique<Server>(std::move(server));
    channel_ = std::make_unique<Channel>(way == Way::Network ? "server:1" : "inproc:test",
                                         std::move(options));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    channel_.reset();
    server_.reset();
    network_.run_until_idle(1min);
  }

  net::SimLoop& server_host() { return network_.host("server"); }
  net::SimLoop& client_host() { return network_.host(way_ == Way::OneLoop ? "server" : "client"); }
  Server& server() { return *server_; }
  Channel& channel() { return *channel_; }
  void drop_channel() { channel_.reset(); }
  void start() {
    const Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started.to_string();
  }
  template <class T>
  T run(Task<T> task, Context* context = nullptr) {
    return testing::run(client_host(), std::move(task), 1h, context);
  }
  /// Starts a task, which goes on as the network is run.
  template <class T>
  void begin(Task<T>& task, bool& done) {
    client_host().enter([&] {
      task.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
    });
  }
  net::SimNetwork& network() { return network_; }

 private:
  Way way_;
  net::SimNetwork network_{1};
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

class Inproc : public ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, Inproc, ::testing::Values(Way::Network, Way::OneLoop, Way::TwoLoops),
                         [](const auto& info) { return name_of(info.param); });

/// Answers as it is told.
struct Scripted : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    return answer(*this, context, request);
  }
  static Task<Result<Text>> answer(Scripted& self, ServerContext& context, const Text& request) {
    for (const auto& [name, value] : context.metadata()) {
      if (name == "x-sent") self.sent = value;
    }
    self.time_left = context.time_left();
    context.response_metadata().add("x-first", "1");
    context.trailers().add("x-last", "2");
    if (request.value() == "fail") {
      co_return not_found("nothing here").with_details("some details");
    }
    if (request.value() == "throw") throw std::runtime_error("secret");
    if (request.value() == "sleep") {
      const Status slept = co_await net::sleep(10min);
      self.woken = slept;
      ++self.ended;
      if (!slept.ok()) co_return slept;
    }
    if (request.value() == "bad metadata") context.trailers().add("x-bad", "a\nb");
    co_return request;
  }
  std::string sent;
  Duration time_left{};
  Status woken;
  int ended = 0;
};

TEST_P(Inproc, AnswersCarryMetadataAndTrailers) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  Metadata metadata;
  metadata.add("x-sent", "value");
  Metadata first;
  Metadata last;
  const Text request = text("hello");
  const CallOptions options{.metadata = &metadata, .response_metadata = &first, .trailers = &last};
  const Result<Text> reply = world.run(test::unary(world.channel(), request, options));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "hello");
  EXPECT_EQ(service.sent, "value");
  EXPECT_EQ(service.time_left, kForever);
  EXPECT_EQ(first.get("x-first"), "1");
  EXPECT_EQ(last.get("x-last"), "2");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_P(Inproc, FailuresCarryDetailsAndOrigin) {
  World world(GetParam());
  world.server().add<Scripted>();
  world.start();
  const Text request = text("fail");
  Metadata first;
  Metadata last;
  const CallOptions options{.response_metadata = &first, .trailers = &last};
  const Result<Text> reply = world.run(test::unary(world.channel(), request, options));
  EXPECT_EQ(reply.status().code(), StatusCode::NotFound);
  EXPECT_EQ(reply.status().message(), "nothing here");
  EXPECT_EQ(reply.status().details(), "some details");
  EXPECT_EQ(reply.status().origin(), Origin::Peer);
  EXPECT_EQ(first.get("x-first"), "1");
  EXPECT_EQ(last.get("x-last"), "2");
}

TEST_P(Inproc, HandlersThatThrowOrSendBadMetadataAreInternalErrors) {
  World world(GetParam());
  world.server().add<Scripted>();
  world.start();
  Result<Text> reply = world.run(test::unary(world.channel(), text("throw")));
  EXPECT_EQ(reply.status().code(), StatusCode::Internal);
  EXPECT_EQ(reply.status().message(), "the handler threw an exception");
  reply = world.run(test::unary(world.channel(), text("bad metadata")));
  EXPECT_EQ(reply.status().code(), StatusCode::Internal);
  EXPECT_NE(reply.status().message().find("the handler's trailers cannot be sent"),
            std::string::npos)
      << reply.status().message();
}

TEST_P(Inproc, UnknownMethodsAreUnimplemented) {
  World world(GetParam());
  world.server().add<Kinds>();
  world.start();
  static constexpr MethodDescriptor kNone{"None", "/test.Kinds/None", MethodKind::Unary};
  const Text request = text("x");
  const Result<Text> reply =
      world.run(call_unary<Text>(world.channel(), kNone, request, CallOptions{}));
  EXPECT_EQ(reply.status().code(), StatusCode::Unimplemented);
  EXPECT_EQ(reply.status().message(),
            "service test.Kinds has no method 'None'; it has Unary Collect Expand Chat");
}

TEST_P(Inproc, ADescriptorMayTakeThePlaceOfAnother) {
  World world(GetParam());
  world.server().add<Kinds>();
  world.start();
  MethodDescriptor method{"Unary", "/test.Kinds/Unary", MethodKind::Unary};
  const Text request = text("x");
  const auto call = [&] {
    return world.run(call_unary<Text>(world.channel(), method, request, CallOptions{})).status();
  };
  EXPECT_TRUE(call().ok());
  method.path = "/test.Kinds/None";
  EXPECT_EQ(call().code(), StatusCode::Unimplemented);
  method.path = "/test.Kinds/Unary";
  EXPECT_TRUE(call().ok());
}

TEST_P(Inproc, DeadlinesReachTheHandler) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  const TimePoint begun = world.network().now();
  const Result<Text> reply =
      world.run(test::unary(world.channel(), text("sleep"), {.timeout = 50ms}));
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(reply.status().message(), "deadline exceeded after 50ms");
  EXPECT_EQ(reply.status().origin(), Origin::Local);
  EXPECT_EQ(world.network().now() - begun, Duration(50ms));
  world.network().run_for(10ms);
  EXPECT_EQ(service.ended, 1);
  EXPECT_FALSE(service.woken.ok());
  EXPECT_GT(service.time_left, 40ms);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

Task<> cancel_after(Context& context, Duration time) {
  static_cast<void>(co_await net::sleep(time));
  context.cancel(cancelled("enough"));
}

Task<Status> call_and_cancel(Channel& channel, Context& context) {
  Scope scope(nullptr);
  scope.spawn(cancel_after(context, 10ms));
  const Text request = text("sleep");
  const Result<Text> reply = co_await test::unary(channel, request).in(context);
  co_await scope.join();
  co_return reply.status();
}

TEST_P(Inproc, CancellationReachesTheHandler) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  Context context;
  const Status status = world.run(call_and_cancel(world.channel(), context));
  EXPECT_EQ(status.code(), StatusCode::Cancelled);
  EXPECT_EQ(status.message(), "enough");
  world.network().run_for(10ms);
  EXPECT_EQ(service.ended, 1);
  EXPECT_EQ(service.woken.code(), StatusCode::Cancelled);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_P(Inproc, ACallerThatGoesCancelsTheHandler) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  const Text request = text("sleep");
  EXPECT_THROW(static_cast<void>(
                   testing::run(world.client_host(), test::unary(world.channel(), request), 1s)),
               testing::DidNotHappen);
  world.network().run_for(10ms);
  EXPECT_EQ(service.ended, 1);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

Task<std::string> all_kinds(Channel& channel) {
  std::string seen;
  auto writer = co_await test::collect(channel);
  for (const char* part : {"a", "", "bc"}) {
    const Text message = text(part);
    if (!co_await writer.write(message)) co_return "not written";
  }
  const Result<Text> collected = co_await writer.finish();
  seen += collected.ok() ? collected->value() : collected.status().to_string();
  const Text letters = text("xyz");
  auto reader = co_await test::expand(channel, letters);
  while (const std::optional<Text> part = co_await reader.read()) seen += "." + part->value();
  Status status = co_await reader.finish();
  seen += " " + status.to_string();
  auto chat = co_await test::chat(channel);
  for (int i = 0; i < 20; ++i) {
    const Text message = text(std::to_string(i));
    if (!co_await chat.write(message)) co_return "not written";
    const std::optional<Text> echo = co_await chat.read();
    if (!echo || echo->value() != message.value()) co_return "not echoed";
  }
  chat.half_close();
  if (co_await chat.read()) co_return "one too many";
  status = co_await chat.finish();
  co_return seen + " " + status.to_string();
}

TEST_P(Inproc, StreamsOfAllKindsAreServed) {
  World world(GetParam());
  world.server().add<Kinds>();
  world.start();
  EXPECT_EQ(world.run(all_kinds(world.channel())), "abc.x.y.z OK OK");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

/// Reads nothing until it is told to.
struct Slow : Kinds {
  Task<Status> Chat(ServerContext&, Reader<Text>& reader, Writer<Text>&) override {
    return read_later(*this, reader);
  }
  static Task<Status> read_later(Slow& self, Reader<Text>& reader) {
    static_cast<void>(co_await net::sleep(1min));
    while (const std::optional<Text> part = co_await reader.read()) ++self.read;
    co_return ok_status();
  }
  int read = 0;
};

Task<Status> write_many(Channel& channel, int& written) {
  auto stream = co_await test::chat(channel);
  const Text message = text(std::string(10'000, 'w'));
  for (; written < 1000; ++written) {
    if (!co_await stream.write(message)) break;
  }
  stream.half_close();
  co_return co_await stream.finish();
}

TEST_P(Inproc, AHandlerThatDoesNotReadHoldsTheWriterBack) {
  World world(GetParam());
  auto& service = world.server().add<Slow>();
  world.start();
  int written = 0;
  Task<Status> task = write_many(world.channel(), written);
  bool done = false;
  world.begin(task, done);
  world.network().run_for(30s);
  EXPECT_LT(written, 70);  // what the windows hold at most
  EXPECT_EQ(service.read, 0);
  world.network().run_for(2min);
  ASSERT_TRUE(done);
  EXPECT_EQ(service.read, 1000);
  EXPECT_TRUE(task.take().ok());
}

TEST_P(Inproc, LimitsOfMessagesAreKeptAndNamed) {
  World world(GetParam(), {.max_receive_size = 200, .max_send_size = 60},
              {.max_receive_size = 50, .max_send_size = 300});
  world.server().add<Kinds>();
  world.start();
  struct Case {
    std::size_t size;
    const char* message;
    Origin origin;
  };
  const Case cases[] = {
      {301,
       "request message of 304 bytes is larger than the limit of 300 "
       "(ChannelOptions::max_send_size)",
       Origin::Local},
      {201, "a message of 204 bytes is larger than the limit of 200 bytes (max_receive_size)",
       Origin::Peer},
      {70,
       "response message of 72 bytes is larger than the limit of 60 "
       "(ServerOptions::max_send_size)",
       Origin::Peer},
      {55, "a message of 57 bytes is larger than the limit of 50 bytes (max_receive_size)",
       Origin::Local},
  };
  for (const Case& one : cases) {
    const Text request = text(std::string(one.size, 'x'));
    const Result<Text> reply = world.run(test::unary(world.channel(), request));
    EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
    EXPECT_EQ(reply.status().message(), one.message);
    EXPECT_EQ(reply.status().origin(), one.origin) << one.message;
  }
}

TEST_P(Inproc, MiddlewaresOfBothSidesAreAroundTheCall) {
  World world(GetParam());
  world.server().add<Kinds>();
  std::vector<std::string> seen;
  world.channel().use([&](Call& call, Next next) -> Task<Status> {
    seen.emplace_back("client");
    call.request_metadata().add("x-added", "by middleware");
    co_return co_await next(call);
  });
  world.server().use([&](Call& call, Next next) -> Task<Status> {
    seen.push_back("server " +
                   std::string(std::as_const(call).request_metadata().get("x-added").value_or("")));
    EXPECT_EQ(call.side(), Call::Side::Server);
    EXPECT_NE(call.peer(), nullptr);
    if (call.method_name() == "Chat") throw std::bad_alloc();
    co_return co_await next(call);
  });
  world.start();
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("x"))).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"client", "server by middleware"}));
  struct Chat {
    static Task<Status> run(Channel& channel) {
      auto stream = co_await test::chat(channel);
      co_return co_await stream.finish();
    }
  };
  EXPECT_EQ(world.run(Chat::run(world.channel())).code(), StatusCode::ResourceExhausted);
}

TEST_P(Inproc, AMiddlewareThatIsAPlainFunctionMayThrow) {
  World world(GetParam());
  world.server().add<Kinds>();
  world.server().use([](Call&, Next) -> Task<Status> { throw std::runtime_error("secret"); });
  world.start();
  EXPECT_EQ(world.run(test::unary(world.channel(), text("x"))).status().message(),
            "the handler threw an exception");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_P(Inproc, InvalidMetadataOfAMiddlewareEndsTheCall) {
  World world(GetParam());
  world.server().add<Kinds>();
  world.channel().use([](Call& call, Next next) -> Task<Status> {
    call.request_metadata().add("x-token", "a\n");
    co_return co_await next(call);
  });
  world.start();
  EXPECT_EQ(world.run(test::unary(world.channel(), text("x"))).status().code(),
            StatusCode::InvalidArgument);
}

TEST_P(Inproc, CallsBeyondTheServersLimitAreRefused) {
  World world(GetParam(), {.max_calls = 1});
  auto& service = world.server().add<Scripted>();
  world.start();
  struct Two {
    static Task<Status> run(Channel& channel) {
      Scope scope(co_await current_context());
      scope.spawn(sleeper(channel));
      static_cast<void>(co_await net::sleep(10ms));
      const Text request = text("x");
      const Result<Text> reply = co_await test::unary(channel, request);
      scope.cancel(cancelled("done"));
      co_await scope.join();
      co_return reply.status();
    }
    static Task<> sleeper(Channel& channel) {
      const Text request = text("sleep");
      static_cast<void>(co_await test::unary(channel, request));
    }
  };
  const Status status = world.run(Two::run(world.channel()));
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.message(),
            "the server has reached its limit of 1 calls at a time (ServerOptions::max_calls)");
  world.network().run_for(10ms);
  EXPECT_EQ(service.ended, 1);  // the one that was within it
}

TEST_P(Inproc, AStopWaitsForCallsAndCancelsThoseLeft) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  bool done = false;
  const Text request = text("sleep");
  Task<Result<Text>> task = test::unary(world.channel(), request);
  world.begin(task, done);
  world.network().run_for(1s);
  EXPECT_EQ(world.server().active_calls(), 1U);
  const TimePoint begun = world.network().now();
  testing::run(world.server_host(), world.server().shutdown(30s));
  EXPECT_GE(world.network().now() - begun, Duration(30s));
  world.network().run_for(1s);
  ASSERT_TRUE(done);
  const Status status = task.take().status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "the server is shutting down");
  EXPECT_EQ(service.ended, 1);
  EXPECT_EQ(world.run(test::unary(world.channel(), text("x"), {.timeout = 1min})).status().code(),
            StatusCode::Unavailable);
}

TEST_P(Inproc, CallsUnderWayEndWithTheirChannel) {
  World world(GetParam());
  auto& service = world.server().add<Scripted>();
  world.start();
  bool done = false;
  const Text request = text("sleep");
  Task<Result<Text>> task = test::unary(world.channel(), request);
  world.begin(task, done);
  world.network().run_for(1s);
  world.drop_channel();
  world.network().run_for(1s);
  ASSERT_TRUE(done);
  const Status status = task.take().status();
  EXPECT_EQ(status.code(), StatusCode::Cancelled);
  EXPECT_EQ(status.message(), "the channel was destroyed");
  EXPECT_EQ(service.ended, 1);
}

TEST_P(Inproc, WaitForReadyWaitsForTheServer) {
  World world(GetParam());
  world.server().add<Kinds>();
  EXPECT_EQ(world.run(test::unary(world.channel(), text("x"))).status().code(),
            StatusCode::Unavailable);
  bool done = false;
  const Text request = text("x");
  Task<Result<Text>> task =
      test::unary(world.channel(), request, {.timeout = 10min, .wait_for_ready = true});
  world.begin(task, done);
  world.network().run_for(1s);
  EXPECT_FALSE(done);
  world.start();
  world.network().run_for(5min);
  ASSERT_TRUE(done);
  EXPECT_TRUE(task.take().ok());
}

}  // namespace
}  // namespace weft::rpc
