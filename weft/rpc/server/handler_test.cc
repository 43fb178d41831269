// What serves a unary call, between a reader and a writer that do what the test says.
#include "weft/rpc/server/handler.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/internal/test_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Text;
using test::text;

class Requests final : public MessageReader {
 public:
  Poll poll(Message& out) override {
    if (message.empty()) return ended ? Poll::End : Poll::Pending;
    out = Message(std::exchange(message, {}));
    return Poll::Message;
  }
  void wait(Waiter& by) noexcept override { waiter = &by; }
  bool unwait() noexcept override { return std::exchange(waiter, nullptr) != nullptr; }

  Bytes message;
  bool ended = false;
  Waiter* waiter = nullptr;
};

class Responses final : public MessageWriter {
 public:
  Poll offer(const Message& message) override {
    if (answer == Poll::Accepted) taken = std::string(message.to_bytes().view());
    return answer;
  }
  void wait(Waiter& by) noexcept override { waiter = &by; }
  bool unwait() noexcept override { return std::exchange(waiter, nullptr) != nullptr; }

  Poll answer = Poll::Accepted;
  std::string taken;
  Waiter* waiter = nullptr;
};

/// Its one method is what the test sets.
struct Scripted {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) {
    return method(context, request);
  }
  std::function<Task<Result<Text>>(ServerContext&, const Text&)> method =
      [](ServerContext&, const Text& request) { return Task<Result<Text>>(request); };
};

class UnaryHandler : public testing::Test {
 protected:
  UnaryHandler() {
    call_.set_requests(requests_);
    call_.set_responses(responses_);
    requests_.message = bytes_of("a request");
  }
  static Bytes bytes_of(std::string_view value) {
    return Bytes::copy_of(text(value).SerializeAsString());
  }

  void start() {
    loop_.post([this] {
      task_ = serve_unary<&Scripted::Unary>(call_, handler_);
      task_.start(&call_.context(),
                  {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done_});
    });
    run();
  }
  void run() { network_.run_for(1s); }
  /// Wakes who waits on a direction, as the transport does.
  template <class Direction>
  void wake(Direction& direction) {
    ASSERT_NE(direction.waiter, nullptr);
    loop_.post([this, &direction] { loop_.ready(*std::exchange(direction.waiter, nullptr)); });
    run();
  }
  /// Ends once the event is set.
  Task<Result<Text>> suspended(const Text& request) {
    Status status = co_await event_.wait();
    if (!status.ok()) co_return status;
    co_return request;
  }
  void suspend_handlers() {
    handler_.method = [this](ServerContext&, const Text& request) { return suspended(request); };
  }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  Call call_{Call::Side::Server, loop_, "/test.Kinds/Unary", nullptr, nullptr};
  Requests requests_;
  Responses responses_;
  Scripted handler_;
  Event event_;
  Task<Status> task_{Status()};
  bool done_ = false;
};

TEST_F(UnaryHandler, AnswersAtOnceWhereItIsAPlainFunction) {
  start();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(task_.take().ok());
  EXPECT_EQ(responses_.taken, text("a request").SerializeAsString());
}

TEST_F(UnaryHandler, WaitsForItsRequest) {
  const Bytes request = std::exchange(requests_.message, {});
  start();
  EXPECT_FALSE(done_);
  wake(requests_);
  EXPECT_FALSE(done_) << "woken for nothing";
  requests_.message = request;
  wake(requests_);
  ASSERT_TRUE(done_);
  EXPECT_TRUE(task_.take().ok());
}

TEST_F(UnaryHandler, IsNotCalledWithoutARequest) {
  requests_.message = {};
  requests_.ended = true;
  handler_.method = [](ServerContext&, const Text& request) {
    ADD_FAILURE() << "it was called";
    return Task<Result<Text>>(request);
  };
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().code(), StatusCode::Unimplemented);
}

TEST_F(UnaryHandler, IsNotCalledWithARequestThatDoesNotParse) {
  requests_.message = Bytes::copy_of("\xff\xff\xff");
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().code(), StatusCode::Internal);
  EXPECT_TRUE(responses_.taken.empty());
}

TEST_F(UnaryHandler, AnswersWhenItsCoroutineHasEnded) {
  suspend_handlers();
  start();
  EXPECT_FALSE(done_);
  loop_.post([this] { event_.set(); });
  run();
  ASSERT_TRUE(done_);
  EXPECT_TRUE(task_.take().ok());
  EXPECT_EQ(responses_.taken, text("a request").SerializeAsString());
}

TEST_F(UnaryHandler, SeesItsCallCancelledWhileItIsSuspended) {
  suspend_handlers();
  start();
  loop_.post([this] { call_.context().cancel(deadline_exceeded("by the test")); });
  run();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().code(), StatusCode::DeadlineExceeded);
  EXPECT_TRUE(responses_.taken.empty());
}

TEST_F(UnaryHandler, GivesAStatusInsteadOfAResponse) {
  handler_.method = [](ServerContext&, const Text&) { return Task<Result<Text>>(not_found("x")); };
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().code(), StatusCode::NotFound);
  EXPECT_TRUE(responses_.taken.empty());
}

Task<Result<Text>> throwing() {
  throw std::runtime_error("a secret");
  co_return text("");
}

TEST_F(UnaryHandler, EndsWithAStatusWhateverItThrows) {
  handler_.method = [](ServerContext&, const Text&) -> Task<Result<Text>> {
    throw std::runtime_error("a secret");
  };
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().message(), "the handler threw an exception");

  done_ = false;
  requests_.message = bytes_of("another");
  handler_.method = [](ServerContext&, const Text&) { return throwing(); };
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().message(), "the handler threw an exception");
}

TEST_F(UnaryHandler, KeepsAResponseUntilItIsTaken) {
  responses_.answer = MessageWriter::Poll::Blocked;
  start();
  EXPECT_FALSE(done_);
  wake(responses_);
  EXPECT_FALSE(done_) << "woken for nothing";
  responses_.answer = MessageWriter::Poll::Accepted;
  wake(responses_);
  ASSERT_TRUE(done_);
  EXPECT_TRUE(task_.take().ok());
  EXPECT_EQ(responses_.taken, text("a request").SerializeAsString());
}

TEST_F(UnaryHandler, KeepsACoroutinesResponseUntilItIsTaken) {
  suspend_handlers();
  responses_.answer = MessageWriter::Poll::Blocked;
  start();
  loop_.post([this] { event_.set(); });
  run();
  EXPECT_FALSE(done_);
  responses_.answer = MessageWriter::Poll::Accepted;
  wake(responses_);
  ASSERT_TRUE(done_);
  EXPECT_TRUE(task_.take().ok());
  EXPECT_EQ(responses_.taken, text("a request").SerializeAsString());
}

TEST_F(UnaryHandler, AnUntakenResponseEndsWithTheCallsStatus) {
  responses_.answer = MessageWriter::Poll::Closed;
  call_.context().cancel(cancelled("the client has gone"));
  start();
  ASSERT_TRUE(done_);
  EXPECT_EQ(task_.take().code(), StatusCode::Cancelled);
}

TEST_F(UnaryHandler, MayBeDestroyedBeforeItBegins) {
  const Task<Status> task = serve_unary<&Scripted::Unary>(call_, handler_);
  EXPECT_FALSE(task.done()) << "tasks are lazy";
}

TEST_F(UnaryHandler, MayBeDestroyedWhileItWaitsForItsRequest) {
  requests_.message = {};
  start();
  ASSERT_NE(requests_.waiter, nullptr);
  task_ = Task<Status>(Status());
  EXPECT_EQ(requests_.waiter, nullptr);
}

TEST_F(UnaryHandler, MayBeDestroyedWhileItsCoroutineIsSuspended) {
  suspend_handlers();
  start();
  task_ = Task<Status>(Status());
  loop_.post([this] { event_.set(); });
  run();
  EXPECT_FALSE(done_);
}

TEST_F(UnaryHandler, MayBeDestroyedWhileItsResponseWaits) {
  responses_.answer = MessageWriter::Poll::Blocked;
  start();
  ASSERT_NE(responses_.waiter, nullptr);
  task_ = Task<Status>(Status());
  EXPECT_EQ(responses_.waiter, nullptr);
}

}  // namespace
}  // namespace weft::rpc
