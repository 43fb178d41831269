// A handler that holds its loop's thread: what is said, what it inherits, and that a stop returns.

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/offload.h"
#include "weft/rpc/client/blocking.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::kMethods;
using test::Text;
using test::text;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// What is logged while this exists, by any thread.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { set_log_sink({}); }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Says what its deadline is, or waits until its call is cancelled.
struct Far : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    return answer(context, request.value() == "wait");
  }
  Task<Result<Text>> answer(ServerContext& context, bool wait) {
    if (wait) {
      began.set_value();
      const Status status = co_await net::sleep(1h);
      ended.set_value(status.code());
      co_return status;
    }
    co_return text(context.deadline() == kNever ? "no deadline" : "a deadline");
  }
  std::promise<void> began;
  std::promise<StatusCode> ended;
};

/// Calls Far with a blocking client, in a plain function.
struct Near : Kinds {
  explicit Near(Channel& to) : far(to) {}
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return call_unary_blocking<Text>(far, kMethods[0], request, {});
  }
  Task<Status> Expand(ServerContext&, const Text& request, Writer<Text>&) override {
    BlockingReaderWriter<Text, Text> stream(far, kMethods[3], nullptr, {});
    EXPECT_TRUE(stream.write(request));
    return stream.read() ? stream.finish() : internal_error("no message");
  }
  Channel& far;
};

class HeldLoop : public ::testing::Test {
 protected:
  explicit HeldLoop(Duration bound = kForever) {
    ServerOptions options{.listen = "memory:near"};
    options.handler_bound = bound;
    near_ = std::make_unique<Server>(std::move(options));
    far_service = &far_.add<Far>();
    near_->add<Near>(far_channel_);
    EXPECT_TRUE(far_.start().ok());
    EXPECT_TRUE(near_->start().ok());
  }
  Result<Text> call(std::string_view request, CallOptions options = {}) {
    const Text message = text(request);
    return call_unary_blocking<Text>(channel_, kMethods[0], message, options);
  }

  Far* far_service;
  Server far_{{.listen = "memory:far"}};
  Channel far_channel_{"memory:far"};
  std::unique_ptr<Server> near_;
  Channel channel_{"memory:near"};
};

TEST_F(HeldLoop, LogsABlockingCallOnceAndPassesTheDeadline) {
  LogLines log;
  const Result<Text> reply = call("deadline", {.timeout = 1min});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->value(), "a deadline");
  EXPECT_EQ(call("none")->value(), "no deadline");
  const std::vector<std::string> lines = log.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("the handler of /test.Kinds/Unary made a blocking call of "
                                  "/test.Kinds/Unary on the thread of its loop"));
}

TEST_F(HeldLoop, ABlockingStreamOfAHandlerIsLoggedToo) {
  LogLines log;
  const Text request = text("x");
  BlockingReader<Text> reader(channel_, kMethods[2], &request, {});
  EXPECT_FALSE(reader.read());
  const Status status = reader.finish();
  EXPECT_TRUE(status.ok()) << status;
  const std::vector<std::string> lines = log.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("the handler of /test.Kinds/Expand made a blocking call of "
                                  "/test.Kinds/Chat"));
}

struct LeftBehindLoop : HeldLoop {
  LeftBehindLoop() : HeldLoop(100us) {}
};

Task<> call_near(Channel& channel, std::promise<void>& opened, std::promise<void>& cancel) {
  Context context;
  const Text request = text("wait");
  Task<Result<Text>> call = test::unary(channel, request).in(context);
  call.start(&context, {.function = [](void*) noexcept {}, .argument = &context});
  opened.set_value();
  auto wait = [&cancel] { cancel.get_future().wait(); };
  co_await net::offload(wait);
  context.cancel(cancelled("the caller has gone"));
}

TEST_F(LeftBehindLoop, ABlockingCallIsCancelledWithItsHandlerUnlogged) {
  LogLines log;
  net::LoopThread loop;
  std::promise<void> opened, cancel;
  auto calling = std::async(std::launch::async, [&] {
    net::run_blocking(loop.loop(), call_near(channel_, opened, cancel));
  });
  far_service->began.get_future().wait();
  cancel.set_value();
  EXPECT_EQ(far_service->ended.get_future().get(), StatusCode::Cancelled);
  calling.get();
  EXPECT_THAT(log.lines(), Not(Contains(HasSubstr("made a blocking call"))));
}

}  // namespace
}  // namespace weft::rpc
