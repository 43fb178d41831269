// Servers and channels that are used by several threads.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/loop_thread.h"
#include "weft/net/offload.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Serving;
using test::Text;
using test::text;

/// Keeps which client was served by which thread.
struct Registers : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    const std::lock_guard lock(mutex);
    clients[std::this_thread::get_id()][context.peer().describe()] += 1;
    return request;
  }
  std::mutex mutex;
  std::map<std::thread::id, std::map<std::string, int>> clients;
};

TEST(ServerThreads, ShareFewConnectionsEvenly) {
  Serving<Registers> serving({.threads = 2});
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  std::vector<std::unique_ptr<Channel>> channels;
  for (int i = 0; i < 6; ++i) {
    channels.push_back(std::make_unique<Channel>(serving.target()));
    for (int call = 0; call < 3; ++call) {
      const Result<Text> reply = test::call(*channels.back(), "x", {.timeout = 10s});
      ASSERT_TRUE(reply.ok()) << reply.status().to_string();
    }
  }
  EXPECT_EQ(serving.server().active_connections(), 6U);
  Registers& service = serving.service();
  ASSERT_EQ(service.clients.size(), 2U);
  for (const auto& [thread, clients] : service.clients) {
    EXPECT_EQ(clients.size(), 3U);
    for (const auto& [client, calls] : clients) EXPECT_EQ(calls, 3);
  }
}

TEST(BlockingCalls, OfManyThreadsShareAChannel) {
  Serving<Kinds> serving({.threads = 2});
  ASSERT_TRUE(serving.started().ok());
  Channel channel(serving.target());
  std::atomic<int> ok = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < 50; ++call) {
        const std::string value = std::to_string(i) + "/" + std::to_string(call);
        const Result<Text> reply = test::call(channel, value, {.timeout = 10s});
        if (reply.ok() && reply->value() == value) ++ok;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ok, 400);
}

Task<int> call_often(Channel& channel, int count) {
  int ok = 0;
  for (int i = 0; i < count; ++i) {
    const Text request = text(std::to_string(i));
    const Result<Text> reply = co_await test::unary(channel, request, {.timeout = 10s});
    if (reply.ok() && reply->value() == request.value()) ++ok;
  }
  co_return ok;
}

TEST(Channels, MayBeUsedFromSeveralLoopsAtOnce) {
  Serving<Kinds> serving({.threads = 2});
  ASSERT_TRUE(serving.started().ok());
  auto channel = std::make_unique<Channel>(serving.target());
  std::atomic<int> ok = 0;
  {
    net::LoopPool loops(3);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 6; ++i) {
      threads.emplace_back(
          [&, i] { ok += net::run_blocking(loops.at(i % 3), call_often(*channel, 50)); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ok, 300);
    EXPECT_EQ(serving.server().active_connections(), 3U);
    // The loops end before the channel that has connections on them.
  }
  EXPECT_TRUE(test::call(*channel, "x", {.timeout = 10s}).ok());
}

TEST(Channels, MayBeDestroyedOnAThreadWithoutALoop) {
  Serving<Kinds> serving;
  ASSERT_TRUE(serving.started().ok());
  net::LoopThread loop;
  for (int i = 0; i < 20; ++i) {
    Channel channel(serving.target());
    EXPECT_EQ(net::run_blocking(loop.loop(), call_often(channel, 3)), 3);
  }
}

/// Blocks a thread of the pool, or says which thread it is on.
struct Blocks : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return work(*this, request);
  }
  static Task<Result<Text>> work(Blocks& self, const Text& request) {
    const std::thread::id loop = std::this_thread::get_id();
    if (request.value() == "block") {
      // A named callable: what is offloaded owns what it needs.
      struct Wait {
        Blocks* self;
        std::thread::id operator()() const {
          std::unique_lock lock(self->mutex);
          self->blocked = true;
          self->changed.notify_all();
          self->changed.wait(lock, [this] { return self->released; });
          return std::this_thread::get_id();
        }
      };
      Wait wait{&self};
      const std::thread::id elsewhere = co_await net::offload(wait);
      if (elsewhere == loop) co_return internal_error("it blocked the loop");
      if (std::this_thread::get_id() != loop) co_return internal_error("it did not come back");
    }
    co_return request;
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false;
  bool released = false;
};

TEST(Offloading, FreesTheLoopForOtherCallsAndReturns) {
  Serving<Blocks> serving;
  ASSERT_TRUE(serving.started().ok());
  Blocks& service = serving.service();
  Channel channel(serving.target());
  Status slow;
  std::thread blocked([&] { slow = test::call(channel, "block", {.timeout = 20s}).status(); });
  {
    std::unique_lock lock(service.mutex);
    service.changed.wait(lock, [&] { return service.blocked; });
  }
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(test::call(channel, "quick", {.timeout = 10s}).ok());
  {
    const std::lock_guard lock(service.mutex);
    service.released = true;
    service.changed.notify_all();
  }
  blocked.join();
  EXPECT_TRUE(slow.ok()) << slow.to_string();
}

TEST(BlockingStreams, WorkFromPlainThreads) {
  Serving<Kinds> serving;
  ASSERT_TRUE(serving.started().ok());
  Channel channel(serving.target());
  BlockingReaderWriter<Text, Text> stream(channel, test::kMethods[3], nullptr, CallOptions{});
  constexpr int kCount = 200;
  std::thread writer([&] {
    for (int i = 0; i < kCount; ++i) EXPECT_TRUE(stream.write(text(std::to_string(i))));
    stream.half_close();
  });
  int received = 0;
  while (const std::optional<Text> message = stream.read()) {
    EXPECT_EQ(message->value(), std::to_string(received));
    ++received;
  }
  writer.join();
  EXPECT_EQ(received, kCount);
  EXPECT_TRUE(stream.finish().ok());
}

}  // namespace
}  // namespace weft::rpc
