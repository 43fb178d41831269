#include "weft/coro/any.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

struct Outcomes {
  int cancelled = 0;
  int ended = 0;
};

Task<std::string> wait_then(Event& event, std::string text, Outcomes& outcomes) {
  const Status status = co_await event.wait();
  ++(status.ok() ? outcomes.ended : outcomes.cancelled);
  co_return text;
}
Task<> wait_only(Event& event) { (void)co_await event.wait(); }
Task<std::string> never_started(bool& started) {
  started = true;
  co_return "started";
}
Task<int> throws_after(Event& event) {
  (void)co_await event.wait();
  throw std::runtime_error("boom");
}

TEST(Any, GivesTheFirstResultAndCancelsAndJoinsTheOthers) {
  ManualExecutor executor;
  Event a, b;
  Outcomes outcomes;
  Task<std::variant<std::string, std::string, std::monostate>> task =
      any(wait_then(a, "a", outcomes), wait_then(b, "b", outcomes), wait_only(a));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  executor.run_until_idle();
  EXPECT_FALSE(task.done());
  b.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  const auto result = task.take();
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<1>(result), "b");
  EXPECT_EQ(outcomes.ended, 1);
  EXPECT_EQ(outcomes.cancelled, 1);
}

Task<std::string> slow_to_stop(Event& never, Event& cleaned, Context& own) {
  (void)co_await never.wait();
  co_await wait_only(cleaned).in(own);
  co_return "slow";
}

TEST(Any, WaitsForALoserThatTakesItsTime) {
  ManualExecutor executor;
  Event first, never, cleaned;
  Outcomes outcomes;
  Context own;
  auto task = any(wait_then(first, "fast", outcomes), slow_to_stop(never, cleaned, own));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  first.set();
  executor.run_until_idle();
  EXPECT_FALSE(task.done());
  cleaned.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().index(), 0U);
}

TEST(Any, DoesNotStartTasksAfterOneThatEndsAtOnce) {
  ManualExecutor executor;
  Event never;
  Outcomes outcomes;
  bool started = false;
  const auto result = executor.run(
      any(wait_then(never, "x", outcomes), Task<std::string>("now"), never_started(started)));
  EXPECT_EQ(result.index(), 1U);
  EXPECT_EQ(outcomes.cancelled, 1);
  EXPECT_FALSE(started);
}

TEST(Any, AnExceptionThatComesFirstWins) {
  ManualExecutor executor;
  Event event, never;
  auto task = any(throws_after(event), wait_only(never));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  event.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_THROW((void)task.take(), std::runtime_error);
}

TEST(Any, EndsWhenItsOwnContextIsCancelled) {
  ManualExecutor executor;
  Event never;
  Outcomes outcomes;
  Context context;
  auto task = any(wait_then(never, "a", outcomes), wait_then(never, "b", outcomes));
  task.start(&context, {[](void*) noexcept {}, nullptr});
  context.cancel(cancelled("stop"));
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(outcomes.cancelled, 2);
}

TEST(Any, TakesAVectorOfTasks) {
  ManualExecutor executor;
  Event events[3];
  Outcomes outcomes;
  std::vector<Task<std::string>> tasks;
  for (Event& event : events) tasks.push_back(wait_then(event, "x", outcomes));
  Task<First<std::string>> task = any(std::move(tasks));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  events[2].set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  const First<std::string> first = task.take();
  EXPECT_EQ(first.index(), 2U);
  EXPECT_EQ(first.value(), "x");
  EXPECT_EQ(outcomes.cancelled, 2);
}

Task<std::size_t> first_of_three(Event& one, Event& two) {
  std::vector<Task<>> tasks;
  tasks.push_back(wait_only(one));
  tasks.push_back(wait_only(two));
  const std::size_t first = co_await any(std::move(tasks));
  auto second = co_await any(wait_only(one), wait_only(two));
  co_return first * 10 + second.index();
}

TEST(Any, IsAwaitedInsideACoroutineAlsoWithoutExecutor) {
  Event one, two;
  Task<std::size_t> task = first_of_three(one, two);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  two.set();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 11U);
}

TEST(Any, DestroyedWhileItWaitsDestroysItsTasks) {
  ManualExecutor executor;
  Event event;
  Outcomes outcomes;
  {
    auto task = any(wait_then(event, "a", outcomes), wait_then(event, "b", outcomes));
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    event.set();
  }
  executor.run_until_idle();
  EXPECT_EQ(outcomes.ended, 0);
}

TEST(AnyDeathTest, OfNothingEndsTheProgramWithAMessage) {
  ManualExecutor executor;
  EXPECT_DEATH(executor.run(any(std::vector<Task<>>())), "any of no tasks");
}

}  // namespace
}  // namespace weft
