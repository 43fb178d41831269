// Stopping a server that has threads of its own, in real time.

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>

#include "weft/coro/event.h"
#include "weft/net/loop.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::Kinds;
using test::Serving;
using test::Text;
using test::text;

struct Sleeps : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return sleep(*this, request);
  }
  static Task<Result<Text>> sleep(Sleeps& self, const Text& request) {
    self.begun = true;
    const Status status =
        co_await net::sleep(std::chrono::milliseconds(std::stoi(request.value())));
    if (!status.ok()) co_return status;
    co_return request;
  }
  std::atomic<bool> begun = false;
};

/// A call that runs while the test goes on.
class CallUnderWay {
 public:
  CallUnderWay(Serving<Sleeps>& serving, std::string value)
      : channel_(serving.target()), thread_([this, value] {
          status_ = test::call(channel_, value, {.timeout = 60s}).status();
        }) {
    while (!serving.service().begun) std::this_thread::yield();
  }
  ~CallUnderWay() {
    if (thread_.joinable()) thread_.join();
  }
  Status status() {
    thread_.join();
    return status_;
  }

 private:
  Channel channel_;
  Status status_;
  std::thread thread_;
};

TEST(StoppingInRealTime, LetsACallEnd) {
  Serving<Sleeps> serving({.threads = 2});
  CallUnderWay call(serving, "300");
  serving.server().stop(20s);
  EXPECT_EQ(serving.server().active_calls(), 0U);
  const Status status = call.status();
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(StoppingInRealTime, CancelsWhatTheGraceDoesNotCover) {
  Serving<Sleeps> serving({.threads = 2});
  CallUnderWay call(serving, "600000");
  serving.server().stop(50ms);
  EXPECT_EQ(call.status().message(), "the server is shutting down");
}

TEST(StoppingInRealTime, HappensOnDestruction) {
  auto serving = std::make_unique<Serving<Sleeps>>();
  CallUnderWay call(*serving, "600000");
  serving.reset();
  EXPECT_EQ(call.status().code(), StatusCode::Unavailable);
}

TEST(StoppingInRealTime, MayBeDoneTwiceAndByTwoThreads) {
  Serving<Sleeps> serving({.threads = 2});
  CallUnderWay call(serving, "200");
  std::thread other([&] { serving.server().stop(20s); });
  serving.server().stop(20s);
  other.join();
  serving.server().stop();
  EXPECT_TRUE(call.status().ok());
}

TEST(StoppingInRealTime, EndsWait) {
  Serving<Sleeps> serving;
  std::thread waiting([&] { serving.server().wait(); });
  serving.server().stop();
  waiting.join();
}

TEST(StoppingInRealTime, OfAServerThatNeverStarted) {
  Server server({.listen = "127.0.0.1:0"});
  server.stop();
  server.stop();
  EXPECT_EQ(server.start().code(), StatusCode::FailedPrecondition);
}

// Reached from here to the end of the process, what hangs is no leak.
Event& never = *new Event;
Context& deaf = *new Context;

struct Hangs : Sleeps {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return hang(*this, request);
  }
  static Task<Result<Text>> hang(Hangs& self, const Text& request) {
    self.begun = true;
    static_cast<void>(co_await wait().in(deaf));
    co_return request;
  }
  static Task<Status> wait() { co_return co_await never.wait(); }
};

TEST(StoppingInRealTime, ReturnsThoughAHandlerNeverEnds) {
  Serving<Hangs> serving;
  Channel channel(serving.target());
  Status status;
  std::thread caller([&] { status = test::call(channel, "x", {.timeout = 60s}).status(); });
  while (!serving.service().begun) std::this_thread::yield();
  std::thread waiting([&] { serving.server().wait(); });
  const auto begun = steady_clock::now();
  serving.server().stop(100ms);
  EXPECT_LT(steady_clock::now() - begun, 20s);
  caller.join();
  waiting.join();
  EXPECT_EQ(status.code(), StatusCode::Unavailable) << status.to_string();
}

TEST(Running, AServerEndsWithZeroOnSigterm) {
  // Blocked here, the signal stays pending for the thread it is sent to until that waits for it.
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &term, &before);
  Server server({.listen = "127.0.0.1:0"});
  server.add<Kinds>();
  int result = -1;
  std::thread runner([&] { result = run(server); });
  pthread_kill(runner.native_handle(), SIGTERM);
  runner.join();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(result, 0);
}

TEST(Running, AServerThatCannotStartEndsWithOne) {
  Server server({.listen = "not an address"});
  EXPECT_EQ(run(server), 1);
}

}  // namespace
}  // namespace weft::rpc
