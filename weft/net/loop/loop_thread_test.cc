#include "weft/net/loop/loop_thread.h"

#include <future>
#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/coro/scope.h"
#include "weft/net/loop/serving.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;

Task<std::thread::id> thread_of_task() {
  const Status status = co_await sleep(1ms);
  EXPECT_TRUE(status.ok());
  co_return std::this_thread::get_id();
}

Task<int> throws() {
  const Status status = co_await sleep(1ms);
  if (status.ok()) throw std::runtime_error("as planned");
  co_return 1;
}

Task<void> does_nothing() { co_return; }

TEST(LoopThread, RunsATaskForAWaitingThread) {
  LoopThread thread;
  const std::thread::id id = run_blocking(thread.loop(), thread_of_task());
  EXPECT_NE(id, std::this_thread::get_id());
  EXPECT_EQ(run_blocking(thread.loop(), thread_of_task()), id);
}

TEST(LoopThread, BringsBackExceptionsAndNothing) {
  LoopThread thread;
  EXPECT_THROW(run_blocking(thread.loop(), throws()), std::runtime_error);
  run_blocking(thread.loop(), does_nothing());
  run_blocking(thread.loop(), Task<void>());
  EXPECT_EQ(run_blocking(thread.loop(), Task<int>(7)), 7);
}

struct FreedHere {
  explicit FreedHere(std::thread::id& noted) : where(&noted) {}
  FreedHere(FreedHere&& other) noexcept : where(std::exchange(other.where, nullptr)) {}
  ~FreedHere() {
    if (where != nullptr) *where = std::this_thread::get_id();
  }
  std::thread::id* where;
};

Task<std::thread::id> holds(FreedHere) { co_return std::this_thread::get_id(); }

TEST(LoopThread, FreesTheTaskOnTheLoopsThread) {
  LoopThread thread;
  std::thread::id freed;
  const std::thread::id ran = run_blocking(thread.loop(), holds(FreedHere(freed)));
  EXPECT_EQ(freed, ran);
}

TEST(LoopThread, ServesManyWaitingThreads) {
  LoopThread loop;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&loop] {
      for (int n = 0; n < 50; ++n) {
        EXPECT_EQ(run_blocking(loop.loop(), Task<int>(n)), n);
        run_blocking(loop.loop(), does_nothing());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

Task<int> blocks_itself(Loop& loop) { co_return run_blocking(loop, Task<int>(1)); }

TEST(LoopThreadDeathTest, SaysThatALoopCannotWaitForItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        LoopThread thread;
        run_blocking(thread.loop(), blocks_itself(thread.loop()));
      },
      "it would wait for itself");
}

Task<Duration> time_left() {
  const Context* const context = co_await current_context();
  co_return context->deadline() - Loop::current()->now();
}

TEST(LoopThread, GivesATaskTheTimeLeftOnAnotherClock) {
  LoopThread thread;
  SimNetwork network(1);
  SimLoop& simulated = network.host("server");
  Context context;
  context.limit_deadline(after(simulated.now(), 1h));
  Duration left{};
  simulated.enter([&] {
    const Serving serving(simulated, nullptr, context);
    left = run_blocking(thread.loop(), time_left());
  });
  EXPECT_LE(left, Duration(1h));
  EXPECT_GT(left, Duration(50min));
}

TEST(LoopThread, SaysWhichCallsBlockLoopsUpToABound) {
  int lines = 0;
  set_log_sink([&lines](LogLevel, std::string_view line) {
    if (line.find("made a blocking call of /pkg.Bounded/") != std::string_view::npos) ++lines;
  });
  LoopThread blocked, thread;
  std::promise<void> done;
  blocked.loop().post([&] {
    for (int i = 0; i < 150; ++i) {
      run_blocking(thread.loop(), does_nothing(), "/pkg.Bounded/Method" + std::to_string(i));
    }
    done.set_value();
  });
  done.get_future().wait();
  set_log_sink({});
  EXPECT_GE(lines, 50);
  EXPECT_LE(lines, 100);
}

TEST(LoopPool, TakesItsLoopsInTurn) {
  LoopPool pool(3);
  EXPECT_EQ(pool.size(), 3U);
  std::set<Loop*> loops;
  for (int i = 0; i < 3; ++i) loops.insert(&pool.next());
  EXPECT_EQ(loops.size(), 3U);
  EXPECT_EQ(&pool.next(), &pool.at(0));
}

TEST(LoopPool, StartsTheDefaultLoopsOnceWithTheSetCount) {
  EXPECT_TRUE(set_default_loop_count(2));
  EXPECT_EQ(default_loops().size(), 2U);
  EXPECT_FALSE(set_default_loop_count(3));
  EXPECT_EQ(run_blocking(default_loops().next(), Task<int>(5)), 5);
}

}  // namespace
}  // namespace weft::net
