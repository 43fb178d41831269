// Mistakes of whoever uses the library: each is said at once.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/base/sanitizer.h"
#include "weft/coro/scope.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::InProcess;

/// What is logged while this exists.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel, std::string_view line) { lines.emplace_back(line); });
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { set_log_sink({}); }
  std::vector<std::string> lines;
};

// clang sees what follows; g++ 12 does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
/// Coroutines that flow off their ends.
struct Forgetful : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (request.value() == "a helper") {
      co_return text(co_await number() == 0 ? "" : "not reached");
    }
    if (request.value() == "later") static_cast<void>(co_await net::sleep(1s));
    if (request.value() == "never") co_return request;
  }
  Task<Status> Chat(ServerContext&, Reader<Text>& reader, Writer<Text>&) override {
    const std::optional<Text> first = co_await reader.read();
    if (!first) co_return ok_status();
  }
  static Task<int> number() {
    const Status slept = co_await net::sleep(1s);
    if (!slept.ok()) co_return 1;
  }
};

#pragma GCC diagnostic pop

Task<Status> chat_once(Channel& channel) {
  auto stream = co_await test::chat(channel);
  const Text message = text("x");
  static_cast<void>(co_await stream.write(message));
  co_return co_await stream.finish();
}

TEST(MissingCoReturn, IsInternalAndLoggedWithTheMethod) {
  InProcess world;
  world.add<Forgetful>();
  for (const char* how : {"at once", "later", "a helper"}) {
    const LogLines log;
    const Text request = text(how);
    const Status status = world.run(test::unary(world.channel(), request)).status();
    EXPECT_EQ(status.code(), StatusCode::Internal) << how;
    EXPECT_THAT(log.lines,
                ElementsAre(AllOf(HasSubstr("/test.Kinds/Unary"), HasSubstr("co_return"))))
        << how;
  }
  const LogLines log;
  EXPECT_EQ(world.run(chat_once(world.channel())).code(), StatusCode::Internal);
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("/test.Kinds/Chat")));
}

Task<> read_one(ClientReaderWriter<Text, Text>& stream) {
  const std::optional<Text> message = co_await stream.read();
  EXPECT_FALSE(message);
}

Task<> read_twice_at_once(Channel& channel) {
  auto stream = co_await test::chat(channel);
  Scope scope(co_await current_context());
  scope.spawn(read_one(stream));
  scope.spawn(read_one(stream));
  co_await scope.join();
}

TEST(MisuseDeathTest, TwoReadsAtOnceOfAClient) {
  EXPECT_DEATH(
      {
        InProcess world;
        world.add<Kinds>();
        world.run(read_twice_at_once(world.channel()));
      },
      "a second coroutine waits for the next message of a stream");
}

/// More than fits into the window, so that the second write has to wait as well.
Task<> write_much(Writer<Text>& writer) {
  const Text message = text(std::string(1'000'000, 'x'));
  while (co_await writer.write(message)) {
  }
}

struct WritesTwiceAtOnce : Kinds {
  Task<Status> Expand(ServerContext& context, const Text&, Writer<Text>& writer) override {
    return write_twice(context.context(), writer);
  }
  static Task<Status> write_twice(Context& context, Writer<Text>& writer) {
    Scope scope(&context);
    scope.spawn(write_much(writer));
    scope.spawn(write_much(writer));
    co_await scope.join();
    co_return ok_status();
  }
};

Task<> open_and_wait(Channel& channel) {
  const Text request = text("xyz");
  auto stream = co_await test::expand(channel, request);
  static_cast<void>(co_await net::sleep(10s));
}

TEST(MisuseDeathTest, TwoWritesAtOnceOfAHandler) {
  EXPECT_DEATH(
      {
        InProcess world;
        world.add<WritesTwiceAtOnce>();
        world.run(open_and_wait(world.channel()));
      },
      "a second coroutine waits for room to write to a stream");
}

/// Leaves a task behind that waits for the client's messages.
struct KeepsAReader : Kinds {
  Task<Status> Chat(ServerContext&, Reader<Text>& reader, Writer<Text>&) override {
    background.spawn(read(reader));
    return ok_status();
  }
  static Task<> read(Reader<Text>& reader) { static_cast<void>(co_await reader.read()); }
  Scope background{nullptr};
};

/// Leaves a task behind that writes when the call is over.
struct KeepsAWriter : Kinds {
  Task<Status> Chat(ServerContext&, Reader<Text>&, Writer<Text>& writer) override {
    background.spawn(write_later(writer));
    return ok_status();
  }
  static Task<> write_later(Writer<Text>& writer) {
    static_cast<void>(co_await net::sleep(1s));
    const Text message = text("late");
    static_cast<void>(co_await writer.write(message));
  }
  Scope background{nullptr};
};

Task<> chat_without_a_word(Channel& channel) {
  auto stream = co_await test::chat(channel);
  static_cast<void>(co_await stream.read());
}

TEST(MisuseDeathTest, ATaskThatOutlivesItsHandlersStream) {
  EXPECT_DEATH(
      {
        InProcess world;
        world.add<KeepsAReader>();
        world.run(chat_without_a_word(world.channel()));
      },
      "/test.Kinds/Chat: a coroutine still waits to read from or write to the stream");
}

TEST(MisuseDeathTest, ATaskThatUsesAStreamAfterItsHandler) {
#if WEFT_ASAN
  GTEST_SKIP() << "AddressSanitizer says so itself";
#endif
  EXPECT_DEATH(
      {
        InProcess world;
        world.add<KeepsAWriter>();
        static_cast<void>(world.run(chat_once(world.channel())));
        world.run_for(10s);
      },
      "a Reader or Writer was used after its call had ended");
}

Task<> destroy_while_reading(Channel& channel) {
  std::optional stream = co_await test::chat(channel);
  Scope scope(co_await current_context());
  scope.spawn(read_one(*stream));
  stream.reset();
  co_await scope.join();
}

TEST(MisuseDeathTest, AStreamThatIsDestroyedWhileACoroutineReadsIt) {
  EXPECT_DEATH(
      {
        InProcess world;
        world.add<Kinds>();
        world.run(destroy_while_reading(world.channel()));
      },
      "/test.Kinds/Chat: a coroutine still waits");
}

struct More : Kinds {};
Task<Status> passes(Call& call, Next next) { return next(call); }

TEST(MisuseDeathTest, WhatIsAddedToARunningServer) {
  InProcess world;
  world.add<Kinds>();
  world.channel();
  EXPECT_DEATH(world.add<More>(), "Server::add was called with test.Kinds after start");
  EXPECT_DEATH(world.server().use(passes), "Server::use was called with a middleware after start");
  EXPECT_DEATH(world.server().listen("memory:x"), "Server::listen was called with memory:x after");
}

TEST(MisuseDeathTest, AMiddlewareThatComesAfterTheFirstCall) {
  InProcess world;
  world.add<Kinds>();
  Channel& channel = world.channel();
  channel.use(passes);
  const Text request = text("x");
  ASSERT_TRUE(world.run(test::unary(channel, request)).ok());
  EXPECT_DEATH(channel.use(passes), "Channel::use was called after the first call");
  EXPECT_DEATH(channel.use_per_endpoint(passes), "Channel::use_per_endpoint was called after");
}

TEST(Server, MayBeGivenMoreAfterAStartThatFailed) {
  InProcess world;
  Server taken({.listen = ":50051", .loops = {&world.server_host()}});
  world.start();
  EXPECT_FALSE(taken.start().ok());
  taken.add<Kinds>();
  taken.listen(":50052");
  EXPECT_FALSE(taken.start().ok());
}

}  // namespace
}  // namespace weft::rpc
