#include "weft/middleware/limits/concurrency_limit.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/middleware/internal/policy_fixture.h"
#include "weft/net/loop/asio_loop.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

class ConcurrencyLimitTest : public middleware::PolicyTest {
 protected:
  void limit(std::size_t limit, std::size_t queue = 0, Duration timeout = 1s) {
    ConcurrencyLimitOptions options;
    options.limit = limit;
    options.queue = queue;
    options.queue_timeout = timeout;
    options.observer = &events_;
    use(concurrency_limit(options));
  }
};

TEST_F(ConcurrencyLimitTest, LetsSoManyRunAndRefusesTheOthers) {
  limit(2);
  service_.takes = 1s;
  const Handle first = start();
  const Handle second = start();
  const Status refused = serve();
  EXPECT_EQ(refused.code(), StatusCode::Unavailable);
  EXPECT_THAT(
      std::string(refused.message()),
      HasSubstr("2 calls are under way, which is the limit (ConcurrencyLimitOptions::limit)"));
  finish(*first);
  finish(*second);
  EXPECT_TRUE(first->status.ok());
  EXPECT_TRUE(serve().ok()) << "both have ended";
  EXPECT_EQ(service_.most_in_flight, 2);
}

TEST_F(ConcurrencyLimitTest, ADestroyedCallReleasesItsPermit) {
  limit(1);
  service_.takes = 1s;
  const Handle first = start();
  first->destroy();
  EXPECT_TRUE(serve().ok());
}

TEST_F(ConcurrencyLimitTest, QueuedCallsRunInTheOrderOfTheirComing) {
  limit(1, 3);
  service_.takes = 100ms;
  std::vector<Handle> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(start());
  EXPECT_EQ(serve().code(), StatusCode::Unavailable) << "the queue has three places";
  for (const Handle& call : calls) finish(*call);
  for (std::size_t i = 1; i < calls.size(); ++i) {
    EXPECT_TRUE(calls[i]->status.ok());
    EXPECT_EQ(calls[i]->ended - calls[i - 1]->ended, 100ms);
  }
  EXPECT_EQ(service_.most_in_flight, 1);
  EXPECT_THAT(events_.values, Contains(Duration(300ms).count())) << "what the last one waited";
}

TEST_F(ConcurrencyLimitTest, AQueuedCallGivesUpAfterTheTimeout) {
  limit(1, 3, 50ms);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start();
  finish(*second);
  EXPECT_EQ(second->status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(second->status.message()), HasSubstr("waited for 50ms"));
  EXPECT_FALSE(first->done);
  finish(*first);
  EXPECT_TRUE(serve().ok()) << "the place in the queue has not swallowed the permit";
}

TEST_F(ConcurrencyLimitTest, AQueuedCallKeepsToItsOwnDeadline) {
  limit(1, 3);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start([](Call& call) { call.limit_timeout(20ms); });
  finish(*second);
  EXPECT_EQ(second->status.code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(second->ended, first->call.loop().now());
  finish(*first);
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(ConcurrencyLimitTest, ADestroyedWaitersPlaceGoesToTheNext) {
  limit(1, 3);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start();
  const Handle third = start();
  second->destroy();
  finish(*third);
  EXPECT_TRUE(third->status.ok());
  EXPECT_EQ(third->ended - first->ended, 100ms);
}

TEST_F(ConcurrencyLimitTest, ACallDestroyedWhenGrantedPassesItsPermitOn) {
  limit(1, 3);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start();
  const Handle third = start();
  loop_.enter([&] {
    first->destroy();
    second->destroy();  // granted, but has not run since
  });
  finish(*third);
  EXPECT_TRUE(third->status.ok());
}

TEST_F(ConcurrencyLimitTest, ACallCancelledWhenGrantedPassesItsPermitOn) {
  limit(1, 3);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start();
  const Handle third = start();
  loop_.enter([&] {
    second->call.context().cancel(cancelled("not interested any more"));
    first->destroy();
  });
  finish(*third);
  EXPECT_EQ(second->status.code(), StatusCode::Cancelled);
  EXPECT_TRUE(third->status.ok());
  EXPECT_EQ(service_.calls, 2) << "the cancelled one is not made";
}

TEST_F(ConcurrencyLimitTest, NobodyOvertakesTheQueue) {
  limit(1, 3);
  service_.takes = 100ms;
  const Handle first = start();
  const Handle second = start();
  Handle third;
  loop_.enter([&] { first->destroy(); });
  third = start();
  finish(*third);
  EXPECT_EQ(third->ended - second->ended, 100ms);
}

TEST_F(ConcurrencyLimitTest, ALimitOfNothingIsToldToEveryCall) {
  limit(0);
  EXPECT_THAT(serve().to_string(),
              HasSubstr("FAILED_PRECONDITION: ConcurrencyLimitOptions::limit: 0"));
}

/// A service on real loops that counts how many calls run on all of them together.
class Counting final : public Service {
 public:
  Task<Status> serve(Call&) override { return run(*this); }
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};

 private:
  static Task<Status> run(Counting& self) {
    const int now = ++self.running;
    for (int most = self.most; now > most && !self.most.compare_exchange_weak(most, now);) {
    }
    static_cast<void>(co_await net::sleep(50us));
    --self.running;
    ++self.served;
    co_return Status();
  }
};

Task<Status> one_call(const MiddlewareChain& chain, Counting& service, net::Loop& loop) {
  Call call(Call::Side::Client, loop, "/a/b", nullptr, nullptr);
  co_return co_await chain.serve(call, service).in(call.context());
}

Task<> many_calls(const MiddlewareChain& chain, Counting& service, int calls) {
  net::Loop& loop = *net::Loop::current();
  for (int round = 0; round < calls / 20; ++round) {
    Scope scope(nullptr);
    for (int i = 0; i < 20; ++i) scope.spawn(one_call(chain, service, loop));
    co_await scope.join();
  }
}

// What no simulation shows: a permit that is given back on one loop while another begins to wait.
TEST(ConcurrencyLimitOnLoops, NoCallIsForgottenOrTooMany) {
  ConcurrencyLimitOptions options;
  options.limit = 3;
  options.queue = 1000;
  options.queue_timeout = kForever;
  MiddlewareChain chain;
  chain.add(concurrency_limit(options));
  Counting service;
  constexpr int kCalls = 400;
  constexpr int kLoops = 3;
  std::vector<std::thread> threads;
  for (int i = 0; i < kLoops; ++i) {
    threads.emplace_back([&] {
      net::AsioLoop loop;
      Task<> task = many_calls(chain, service, kCalls);
      loop.post([&] {
        task.start(nullptr, {[](void* where) noexcept { static_cast<net::Loop*>(where)->stop(); },
                             static_cast<net::Loop*>(&loop)});
      });
      loop.run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(service.served, kCalls * kLoops);
  EXPECT_LE(service.most, 3);
}

}  // namespace
}  // namespace weft
