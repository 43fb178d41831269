#include "weft/net/loop/offload.h"

#include <atomic>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "weft/net/loop/internal/test_io.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::run;

Task<std::string> concatenates(std::string first, std::string second) {
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there;
  const auto work = [&there, first = first + " and some more text", second] {
    there = std::this_thread::get_id();
    return first + second;
  };
  const std::string both = co_await offload(work);
  EXPECT_EQ(std::this_thread::get_id(), here);
  EXPECT_NE(there, here);
  co_return both;
}

TEST(Offload, RunsElsewhereAndComesBackWithTheResult) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, concatenates("a", std::string(100, 'b'))),
            "a and some more text" + std::string(100, 'b'));
}

Task<std::string> passes_arguments(std::string text) {
  co_return co_await offload(
      [](std::string own, int times) {
        std::string all;
        for (int i = 0; i < times; ++i) all += own;
        return all;
      },
      text + std::string(50, '!'), 2);
}

TEST(Offload, TakesArgumentsByValue) {
  AsioLoop loop;
  const std::string once = "a" + std::string(50, '!');
  EXPECT_EQ(run(loop, passes_arguments("a")), once + once);
}

Task<int> returns_nothing() {
  int value = 0;
  co_await offload([&value] { value = 5; });
  co_return value;
}

Task<int> moves_only() {
  auto work = [given = std::make_unique<int>(5)]() mutable {
    ++*given;
    return std::move(given);
  };
  std::unique_ptr<int> made = co_await offload(work);
  co_return *made;
}

Task<int> catches() {
  try {
    co_await offload([] { throw std::runtime_error("as planned"); });
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "as planned");
    co_return 7;
  }
  co_return 0;
}

TEST(Offload, BringsBackNothingMoveOnlyResultsAndExceptions) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, returns_nothing()), 5);
  EXPECT_EQ(run(loop, moves_only()), 6);
  EXPECT_EQ(run(loop, catches()), 7);
}

Task<int> waits_for(std::shared_future<int> future, std::promise<void>& started) {
  const auto work = [future, &started] {
    started.set_value();
    return future.get();
  };
  co_return co_await offload(work);
}

const coro::DoneCallback kIgnored{.function = [](void*) noexcept {}, .argument = nullptr};

TEST(Offload, LetsTheTaskBeDestroyedMeanwhile) {
  AsioLoop loop;
  BlockingPool pool;
  std::promise<int> promise;
  std::promise<void> started;
  {
    Task<int> task = waits_for(promise.get_future().share(), started);
    loop.enter([&] { task.start(nullptr, kIgnored); });
    started.get_future().wait();
  }
  promise.set_value(1);
  EXPECT_EQ(run(loop, returns_nothing()), 5);
}

Task<void> waits_in(BlockingPool& pool, std::shared_future<int> future) {
  const auto work = [future] { future.wait(); };
  co_await offload(pool, work);
}

TEST(Offload, LetsTheLoopEndMeanwhile) {
  std::promise<int> promise;
  {
    BlockingPool pool;
    {
      AsioLoop loop;
      Task<void> task = waits_in(pool, promise.get_future().share());
      loop.enter([&] { task.start(nullptr, kIgnored); });
    }
    promise.set_value(1);
  }
}

TEST(Offload, RunsInPlaceInASimulation) {
  SimNetwork network(1);
  SimLoop& loop = network.host("a");
  std::thread::id there;
  const auto task = [](std::thread::id& id) -> Task<void> {
    co_await offload([&id] { id = std::this_thread::get_id(); });
  };
  Task<void> running = task(there);
  loop.enter([&] { running.start(nullptr, kIgnored); });
  EXPECT_TRUE(running.done());
  EXPECT_EQ(there, std::this_thread::get_id());
}

TEST(BlockingPool, GrowsToItsLimitAndNoFurther) {
  std::promise<int> promise;
  const std::shared_future<int> future = promise.get_future().share();
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};
  {
    BlockingPool pool({.max_threads = 3});
    for (int i = 0; i < 10; ++i) {
      pool.run([&, future] {
        most = std::max(most.load(), ++running);
        future.wait();
        --running;
        ++ran;
      });
    }
    EXPECT_EQ(pool.threads(), 3U);
    promise.set_value(1);
  }
  EXPECT_EQ(ran, 10);
  EXPECT_LE(most, 3);
}

TEST(BlockingPool, ReusesAnIdleThread) {
  BlockingPool pool;
  std::promise<void> first;
  pool.run([&] { first.set_value(); });
  first.get_future().wait();
  // The thread may need a moment to become idle; then no second one is made.
  while (pool.idle_threads() == 0) std::this_thread::yield();
  std::promise<void> second;
  pool.run([&] { second.set_value(); });
  second.get_future().wait();
  EXPECT_EQ(pool.threads(), 1U);
}

TEST(BlockingPool, LetsIdleThreadsEnd) {
  BlockingPool pool({.idle = 1ms});
  std::promise<void> ran;
  pool.run([&] { ran.set_value(); });
  ran.get_future().wait();
  while (pool.threads() > 0) std::this_thread::yield();
  EXPECT_EQ(pool.threads(), 0U);
}

TEST(BlockingPool, RunsNextBeforeWhatWaits) {
  std::string order;
  std::promise<void> begin;
  {
    BlockingPool pool({.max_threads = 1});
    pool.run([&] { begin.get_future().wait(); });
    pool.run([&] { order += 'a'; });
    pool.run_next([&] { order += 'b'; });
    pool.run_next([&] { order += 'c'; });
    begin.set_value();
  }
  EXPECT_EQ(order, "cba");
}

TEST(BlockingPool, GivesItsThreadsTheirNameAndNiceness) {
  std::string name(16, '\0');
  int nice = 0;
  {
    BlockingPool pool({.nice = 3, .thread_name = "weft-mine"});
    pool.run([&] {
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
      nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
    });
  }
  EXPECT_STREQ(name.c_str(), "weft-mine");
  EXPECT_EQ(nice, ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())) + 3);
}

}  // namespace
}  // namespace weft::net
