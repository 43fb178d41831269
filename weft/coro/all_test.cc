#include "weft/coro/all.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

Task<int> after_event(Event& event, int value) {
  (void)co_await event.wait();
  co_return value;
}
Task<std::unique_ptr<int>> pointer(int value) { co_return std::make_unique<int>(value); }
Task<Status> status_of_wait(Event& event) { co_return co_await event.wait(); }
Task<int> throws_after(Event& event, std::string text) {
  (void)co_await event.wait();
  throw std::runtime_error(text);
}

TEST(All, GivesTheResultsInTheOrderOfTheTasks) {
  ManualExecutor executor;
  Event first, second;
  Task<std::tuple<int, std::unique_ptr<int>, std::monostate, int>> task =
      all(after_event(first, 1), pointer(2), Task<>(), after_event(second, 4));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  second.set();
  executor.run_until_idle();
  EXPECT_FALSE(task.done());
  first.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  const auto [a, b, c, d] = task.take();
  EXPECT_EQ(a, 1);
  EXPECT_EQ(*b, 2);
  EXPECT_EQ(d, 4);
}

TEST(All, OfNothingIsDone) {
  ManualExecutor executor;
  executor.run(all());
  EXPECT_TRUE(executor.run(all(std::vector<Task<int>>())).empty());
  executor.run(all(std::vector<Task<>>()));
}

TEST(All, TakesAVectorOfTasks) {
  ManualExecutor executor;
  Event event;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(i % 2 == 0 ? after_event(event, i) : Task<int>(i));
  Task<std::vector<int>> task = all(std::move(tasks));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  event.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  const std::vector<int> results = task.take();
  ASSERT_EQ(results.size(), 100U);
  EXPECT_EQ(results[42], 42);
  EXPECT_EQ(results[43], 43);
}

TEST(All, PassesTheContextOn) {
  ManualExecutor executor;
  Event never;
  Context context;
  Task<std::tuple<Status, Status>> task = all(status_of_wait(never), status_of_wait(never));
  task.start(&context, {[](void*) noexcept {}, nullptr});
  context.cancel(cancelled("stop"));
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  const auto [a, b] = task.take();
  EXPECT_EQ(a, cancelled("stop"));
  EXPECT_EQ(b, cancelled("stop"));
}

TEST(All, WaitsForEveryTaskBeforeItThrowsTheFirstException) {
  ManualExecutor executor;
  Event early, late;
  Task<std::tuple<int, int, int>> task =
      all(after_event(late, 1), throws_after(late, "second"), throws_after(early, "third"));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  early.set();
  executor.run_until_idle();
  EXPECT_FALSE(task.done());
  late.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  try {
    (void)task.take();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "second");
  }
}

TEST(All, DestroyedWhileItWaitsDestroysItsTasks) {
  ManualExecutor executor;
  Event event;
  {
    Task<std::tuple<int, int>> task = all(after_event(event, 1), after_event(event, 2));
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    event.set();
  }
  executor.run_until_idle();
}

Task<int> awaits_all(Event& event) {
  auto [a, b] = co_await all(after_event(event, 1), after_event(event, 2));
  std::vector<Task<int>> more;
  more.push_back(after_event(event, 3));
  const std::vector<int> rest = co_await all(std::move(more));
  co_return a + b + rest[0];
}

TEST(All, IsAwaitedInsideACoroutineAlsoWithoutExecutor) {
  Event event;
  Task<int> task = awaits_all(event);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  event.set();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 6);
}

}  // namespace
}  // namespace weft
