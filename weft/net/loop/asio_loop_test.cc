#include "weft/net/loop/asio_loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <numeric>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/internal/test_io.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::run;

struct Note : Runnable {
  Note(std::vector<int>& into, int number)
      : Runnable([](Runnable& item) noexcept {
          auto& self = static_cast<Note&>(item);
          self.log.push_back(self.id);
        }),
        log(into),
        id(number) {}
  std::vector<int>& log;
  int id;
};

struct EndNote final : TurnEndHook {
  EndNote(std::vector<int>& into, int number) : log(into), id(number) {}
  void on_turn_end() noexcept override { log.push_back(id); }
  std::vector<int>& log;
  int id;
};

TEST(AsioLoop, RunsReadyWorkBeforeTurnEndHooks) {
  AsioLoop loop;
  std::vector<int> log;
  Note first(log, 1), second(log, 2);
  EndNote end(log, 3);
  loop.enter([&] {
    EXPECT_EQ(Loop::current(), &loop);
    loop.at_turn_end(end);
    loop.at_turn_end(end);
    loop.ready(first);
    loop.ready(second);
    EXPECT_TRUE(log.empty());
  });
  EXPECT_EQ(log, (std::vector{1, 2, 3}));
  EXPECT_EQ(Loop::current(), nullptr);
}

TEST(AsioLoop, RunsTurnEndHooksAmidManyReadyItems) {
  AsioLoop loop;
  std::vector<int> log;
  std::deque<Note> notes;
  EndNote end(log, -1);
  loop.enter([&] {
    loop.at_turn_end(end);
    for (int i = 0; i < 100; ++i) loop.ready(notes.emplace_back(log, i));
  });
  const auto hook = std::find(log.begin(), log.end(), -1);
  EXPECT_EQ(std::distance(log.begin(), hook), 32);
  log.erase(hook);
  std::vector<int> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(log, all);
}

/// Stops its loop when it has run.
struct Stopping final : Runnable, TurnEndHook {
  explicit Stopping(AsioLoop& stopped)
      : Runnable([](Runnable& item) noexcept { static_cast<Stopping&>(item).loop.stop(); }),
        loop(stopped) {}
  void on_turn_end() noexcept override { loop.stop(); }
  AsioLoop& loop;
};

/// Registers a hook for the end of the turn that it runs in.
struct NoteWithHook final : Note {
  NoteWithHook(AsioLoop& of, std::vector<int>& into, int number)
      : Note(into, number), loop(of), end(into, -number) {
    run = [](Runnable& item) noexcept {
      auto& self = static_cast<NoteWithHook&>(item);
      self.log.push_back(self.id);
      self.loop.at_turn_end(self.end);
      if (self.id == 3) self.loop.stop();
    };
  }
  AsioLoop& loop;
  EndNote end;
};

TEST(AsioLoop, RunsItemsOfReadyAloneInTurnsOfTheirOwn) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  std::vector<int> log;
  NoteWithHook first(loop, log, 1), second(loop, log, 2), third(loop, log, 3);
  Note at_once(log, 9);
  loop.enter([&] {
    loop.ready_alone(first);
    loop.ready_alone(second);
    {
      NoteWithHook gone(loop, log, 4);
      loop.ready_alone(gone);
    }
    loop.ready_alone(third);
    loop.ready(at_once);
  });
  loop.run();
  EXPECT_EQ(log, (std::vector{9, 1, -1, 2, -2, 3, -3}));
}

TEST(AsioLoop, BeginsARoundBetweenTwoTurnsOfReadyAlone) {
  struct Working final : Runnable {
    explicit Working(AsioLoop& of) : Runnable(&Working::work), loop(of) {}
    static void work(Runnable& item) noexcept {
      auto& self = static_cast<Working&>(item);
      self.was_long = self.loop.round_is_long();
      self.round = self.loop.round();
      self.loop.add_work(Loop::kLongRound);
      EXPECT_TRUE(self.loop.round_is_long());
    }
    AsioLoop& loop;
    std::uint32_t round = 0;
    bool was_long = true;
  };
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  Working first(loop), second(loop);
  Stopping stopping(loop);
  loop.enter([&] {
    loop.ready_alone(first);
    loop.ready_alone(second);
    loop.post([&] { loop.post([&] { loop.post([&] { loop.ready(stopping); }); }); });
  });
  loop.run();
  EXPECT_FALSE(first.was_long);
  EXPECT_FALSE(second.was_long);
  EXPECT_NE(first.round, second.round);
}

TEST(AsioLoop, WorkReadyOutsideATurnStartsOne) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  Stopping stopping(loop);
  boost::asio::post(loop.context(), [&] {
    EXPECT_EQ(Loop::current(), &loop);
    loop.ready(stopping);
  });
  loop.run();
}

TEST(AsioLoop, AHookSetOutsideATurnStartsOne) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  Stopping stopping(loop);
  boost::asio::post(loop.context(), [&] { loop.at_turn_end(stopping); });
  loop.run();
}

TEST(AsioLoop, RunsPostedWorkFromManyThreadsInEachThreadsOrder) {
  AsioLoop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 1000;
  std::array<int, kThreads> next{};
  int left = kThreads * kEach;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          EXPECT_EQ(next[t]++, i);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
}

TEST(AsioLoop, FreesPostedFunctionsThatNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    AsioLoop loop;
    loop.post([token] {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

void expect_to_run_again(AsioLoop& loop) {
  int ran = 0;
  loop.post([&] {
    ++ran;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(ran, 1);
}

TEST(AsioLoop, StopsBeforeItRanAndRunsAgain) {
  AsioLoop loop;
  loop.stop();
  loop.run();
  expect_to_run_again(loop);
}

TEST(AsioLoop, LeavesAProgramsContextWhenStopped) {
  boost::asio::io_context context(1);
  AsioLoop loop(context);
  int ran = 0;
  loop.post([&] {
    EXPECT_EQ(Loop::current(), &loop);
    ++ran;
    loop.stop();
  });
  context.run();
  EXPECT_EQ(ran, 1);
}

TEST(AsioLoop, KeepsAProgramsContextBusyUntilItsSocketsAreGone) {
  boost::asio::io_context context(1);
  AsioLoop loop(context);
  test::Watchdog watchdog(loop);
  Result<std::unique_ptr<Listener>> listener =
      loop.listen(*Address::ip("127.0.0.1", 0), {}, [](std::unique_ptr<Accepted>) {});
  ASSERT_TRUE(listener.ok());
  bool closed = false;
  loop.stop();
  loop.post([&] {
    boost::asio::post(context, [&] {
      closed = true;
      listener->reset();
      watchdog.cancel();
    });
  });
  context.run();
  EXPECT_TRUE(closed);
}

TEST(AsioLoop, ServesSocketsAndAsioOperationsAlike) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  boost::asio::steady_timer timer(loop.context(), 1ms);
  bool expired = false;
  bool accepted = false;
  const auto both = [&] {
    if (expired && accepted) loop.stop();
  };
  Result<std::unique_ptr<Listener>> listener =
      loop.listen(*Address::ip("127.0.0.1", 0), {}, [&](std::unique_ptr<Accepted>) {
        accepted = true;
        both();
      });
  ASSERT_TRUE(listener.ok());
  timer.async_wait([&](const boost::system::error_code&) {
    expired = true;
    both();
  });
  Task<Result<std::unique_ptr<Stream>>> connecting = loop.connect((*listener)->address());
  loop.enter(
      [&] { connecting.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  loop.run();
  EXPECT_TRUE(expired && accepted);
}

TEST(AsioLoop, StopsWhenItsContextIsStopped) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  boost::asio::post(loop.context(), [&] { loop.context().stop(); });
  loop.run();
  expect_to_run_again(loop);
}

TEST(AsioLoop, MayEndBeforeItsHandlersOnAProgramsContext) {
  boost::asio::io_context context(1);
  std::vector<int> log;
  Timer timer([](Timer&) noexcept { ADD_FAILURE() << "expired on a loop that had ended"; });
  {
    AsioLoop loop(context);
    loop.post([] { ADD_FAILURE() << "ran on a loop that had ended"; });
    loop.arm(timer, loop.now());
  }
  context.run_for(1s);
  EXPECT_FALSE(timer.armed());
}

TEST(AsioLoop, AnchorRefusesWorkOnceTheLoopHasEnded) {
  std::vector<int> log;
  Note note(log, 1);
  std::shared_ptr<LoopAnchor> anchor;
  {
    AsioLoop loop;
    anchor = loop.anchor();
    EXPECT_TRUE(anchor->post(note));
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(log, std::vector{1});
  }
  EXPECT_FALSE(anchor->post(note));
}

Task<Status> sleep_twice(std::vector<Duration>& slept) {
  const Loop& loop = *Loop::current();
  for (const Duration duration : {Duration(2ms), Duration(1ms)}) {
    const TimePoint start = loop.now();
    const Status status = co_await sleep(duration);
    if (!status.ok()) co_return status;
    slept.push_back(loop.now() - start - duration);
  }
  co_return ok_status();
}

TEST(Sleep, LastsAtLeastAsLongAsAsked) {
  AsioLoop loop;
  std::vector<Duration> over;
  EXPECT_TRUE(run(loop, sleep_twice(over)).ok());
  ASSERT_EQ(over.size(), 2U);
  EXPECT_GE(over[0], 0ns);
  EXPECT_GE(over[1], 0ns);
}

TEST(Sleep, EndsWithTheReasonWhenItsContextIsCancelled) {
  AsioLoop loop;
  Context context;
  loop.post([&] { context.cancel(cancelled("no longer wanted")); });
  const Status status = run(loop, sleep(1h), &context);
  EXPECT_EQ(status.to_string(), "CANCELLED: no longer wanted");
}

TEST(Sleep, EndsAtOnceInAContextThatIsCancelledAlready) {
  AsioLoop loop;
  Context context;
  context.cancel(cancelled("gone"));
  EXPECT_EQ(run(loop, sleep(1h), &context).to_string(), "CANCELLED: gone");
}

TEST(Sleep, EndsAtTheDeadlineOfItsContextAndCancelsIt) {
  AsioLoop loop;
  Context context;
  context.limit_deadline(loop.now() + 1ms);
  EXPECT_EQ(run(loop, sleep(1h), &context).code(), StatusCode::DeadlineExceeded);
  EXPECT_TRUE(context.is_cancelled());
}

TEST(Sleep, MayBeDestroyedInTheMiddle) {
  AsioLoop loop;
  {
    Task<Status> task = sleep(1ms);
    loop.enter(
        [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  }
  EXPECT_TRUE(run(loop, sleep(3ms)).ok());
}

TEST(Sleep, NeedsALoop) {
  Task<Status> task = sleep(1ms);
  task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  EXPECT_EQ(task.take().code(), StatusCode::FailedPrecondition);
}

TEST(DeadlineGuard, CancelsItsContextNamingTheTime) {
  AsioLoop loop;
  Context context;
  context.limit_deadline(loop.now() + 2ms);
  const DeadlineGuard guard(loop, context, context.deadline() - 2ms);
  EXPECT_EQ(run(loop, sleep(1h), &context).to_string(),
            "DEADLINE_EXCEEDED: deadline exceeded after 2ms");
}

TEST(DeadlineGuard, CancelsAtOnceWhenTheDeadlineHasPassed) {
  AsioLoop loop;
  Context context;
  context.limit_deadline(loop.now());
  const DeadlineGuard guard(loop, context);
  EXPECT_EQ(context.cancel_reason().code(), StatusCode::DeadlineExceeded);
}

TEST(DeadlineGuard, LeavesTheContextAloneOnceItIsGone) {
  AsioLoop loop;
  Context context;
  context.limit_deadline(loop.now() + 1ms);
  {
    DeadlineGuard guard(loop, context);
    guard.update();
  }
  EXPECT_TRUE(run(loop, sleep(3ms)).ok());
  EXPECT_FALSE(context.is_cancelled());
}

}  // namespace
}  // namespace weft::net
