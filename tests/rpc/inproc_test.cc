// Calls within a process, between real threads.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/testing/run.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;

constexpr int kThreads = 4;

/// Runs `work` on several threads at a time.
template <class Work>
void on_threads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

TEST(InprocThreads, CallEachOther) {
  Server server({.listen = "inproc:threads", .threads = 2});
  server.add<Kinds>();
  ASSERT_TRUE(server.start().ok());
  Channel channel("inproc:threads");
  std::atomic<int> failed = 0;
  on_threads([&] {
    for (int i = 0; i < 500; ++i) {
      const std::string value = std::to_string(i);
      const Result<Text> reply = test::call(channel, value, {.timeout = 60s});
      if (!reply.ok() || reply->value() != value) ++failed;
    }
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(server.active_calls(), 0U);
}

Task<Status> chat(Channel& channel, int rounds) {
  auto stream = co_await test::chat(channel, {.timeout = 60s});
  for (int i = 0; i < rounds; ++i) {
    const Text message = text(std::string(static_cast<std::size_t>(i) * 100, 'x'));
    if (!co_await stream.write(message)) break;
    const std::optional<Text> echo = co_await stream.read();
    if (!echo || echo->value() != message.value()) co_return internal_error("not echoed");
  }
  stream.half_close();
  co_return co_await stream.finish();
}

TEST(InprocThreads, StreamToEachOther) {
  Server server({.listen = "inproc:streams", .threads = 2});
  server.add<Kinds>();
  ASSERT_TRUE(server.start().ok());
  Channel channel("inproc:streams");
  std::atomic<int> failed = 0;
  on_threads([&] {
    net::AsioLoop loop;
    for (int i = 0; i < 20; ++i) {
      if (!weft::testing::run(loop, chat(channel, 50)).ok()) ++failed;
    }
  });
  EXPECT_EQ(failed, 0);
}

TEST(InprocThreads, MayStopAServerThatIsCalled) {
  Channel channel("inproc:stopping");
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread stopper([&] {
    for (int i = 0; i < 20; ++i) {
      Server server({.listen = "inproc:stopping", .threads = 2});
      server.add<Kinds>();
      const Status started = server.start();
      if (!started.ok()) ++wrong;
      static_cast<void>(test::call(channel, "x", {.timeout = 60s}));
      server.stop(i % 2 == 0 ? 0s : 5s);
    }
    done = true;
  });
  on_threads([&] {
    while (!done) {
      const Result<Text> reply = test::call(channel, "x", {.timeout = 60s});
      const StatusCode code = reply.status().code();
      if (!reply.ok() && code != StatusCode::Unavailable) ++wrong;
    }
  });
  stopper.join();
  EXPECT_EQ(wrong, 0);
}

TEST(InprocThreads, LoseTheirCallsWithTheServersLoop) {
  struct Sleeps : Kinds {
    Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
      return sleep(*this, request);
    }
    static Task<Result<Text>> sleep(Sleeps& self, const Text& request) {
      self.begun = true;
      static_cast<void>(co_await net::sleep(60s));
      co_return request;
    }
    std::atomic<bool> begun = false;
  };
  Channel channel("inproc:ending");
  Status status;
  std::thread caller;
  {
    net::AsioLoop loop;
    Server server({.listen = "inproc:ending", .loops = {&loop}});
    auto& service = server.add<Sleeps>();
    ASSERT_TRUE(server.start().ok());
    std::thread runs([&] { loop.run(); });
    caller = std::thread([&] { status = test::call(channel, "x", {.timeout = 60s}).status(); });
    while (!service.begun) std::this_thread::yield();
    loop.stop();
    runs.join();
  }
  caller.join();
  EXPECT_EQ(status.code(), StatusCode::Unavailable) << status.to_string();
}

}  // namespace
}  // namespace weft::rpc
