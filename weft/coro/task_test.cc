#include "weft/coro/task.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(!std::is_default_constructible_v<Task<int>>);
static_assert(std::is_default_constructible_v<Task<>>);
static_assert(!std::is_convertible_v<int, Task<>>);
static_assert(!std::is_convertible_v<std::string, Task<int>>);
static_assert(!std::is_convertible_v<Task<int>, Task<long>>);
static_assert(!std::is_convertible_v<Task<Status>, Task<Result<int>>>);
static_assert(!std::is_convertible_v<int, Task<Status>>);
static_assert(std::is_convertible_v<Status, Task<Result<int>>>);
static_assert(std::is_convertible_v<int, Task<Result<int>>>);
static_assert(std::is_convertible_v<Result<int>, Task<Result<int>>>);
static_assert(std::is_convertible_v<std::nullopt_t, Task<std::optional<int>>>);
static_assert(sizeof(Task<>) == sizeof(void*));

/// Counts how many are alive, to see what frames destroy.
struct Witness {
  explicit Witness(int& counter) : alive(&counter) { ++*alive; }
  Witness(const Witness& other) : alive(other.alive) { ++*alive; }
  Witness& operator=(const Witness&) = delete;
  ~Witness() { --*alive; }
  int* alive;
};

Task<int> value(int x) { co_return x; }
Task<int> plain_value(int x) { return x; }
Task<int> sum(int a, int b) { co_return co_await value(a) + co_await plain_value(b); }

TEST(Task, GivesTheValueOfItsCoroutine) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(sum(2, 3)), 5);
}

TEST(Task, IsLazy) {
  bool ran = false;
  struct Body {
    static Task<> run(bool& flag) {
      flag = true;
      co_return;
    }
  };
  {
    Task<> task = Body::run(ran);
    EXPECT_FALSE(task.done());
  }
  EXPECT_FALSE(ran);
  ManualExecutor executor;
  executor.run(Body::run(ran));
  EXPECT_TRUE(ran);
}

TEST(Task, OfAPlainFunctionIsDoneAndHasNoFrame) {
  Task<int> task = plain_value(7);
  EXPECT_TRUE(task.done());
  EXPECT_EQ(task.take(), 7);
  EXPECT_TRUE(Task<>().done());
}

Task<Status> status_of(bool good) {
  if (good) co_return Status();
  co_return not_found("x");
}
Task<Status> plain_status() { return aborted("plain"); }
Task<Result<std::string>> result_of(int which) {
  if (which == 0) co_return "text";
  if (which == 1) co_return std::string("string");
  co_return not_found("x");
}
Task<Result<std::string>> plain_result(int which) {
  if (which == 0) return std::string("text");
  return not_found("x");
}
Task<std::optional<int>> optional_of(bool some) {
  if (some) co_return 1;
  co_return std::nullopt;
}
Task<std::optional<int>> plain_optional() { return std::nullopt; }

TEST(Task, CarriesStatusResultAndOptionalWithoutAmbiguity) {
  ManualExecutor executor;
  EXPECT_TRUE(executor.run(status_of(true)).ok());
  EXPECT_EQ(executor.run(status_of(false)), not_found("x"));
  EXPECT_EQ(executor.run(plain_status()), aborted("plain"));
  EXPECT_EQ(*executor.run(result_of(0)), "text");
  EXPECT_EQ(*executor.run(result_of(1)), "string");
  EXPECT_EQ(executor.run(result_of(2)).status(), not_found("x"));
  EXPECT_EQ(*executor.run(plain_result(0)), "text");
  EXPECT_EQ(executor.run(plain_result(1)).status(), not_found("x"));
  EXPECT_EQ(executor.run(optional_of(true)), 1);
  EXPECT_EQ(executor.run(optional_of(false)), std::nullopt);
  EXPECT_EQ(executor.run(plain_optional()), std::nullopt);
}

struct Pair {
  int a = 0;
  int b = 0;
};
Task<Pair> braced() { co_return {1, 2}; }

TEST(Task, MayReturnABracedValue) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(braced()).b, 2);
}

Task<std::unique_ptr<int>> move_only() { co_return std::make_unique<int>(9); }

TEST(Task, CarriesAMoveOnlyValue) {
  ManualExecutor executor;
  EXPECT_EQ(*executor.run(move_only()), 9);
}

TEST(Task, CanBeMovedBeforeItIsAwaited) {
  ManualExecutor executor;
  Task<int> task = value(1);
  Task<int> moved = std::move(task);
  moved = value(2);
  EXPECT_EQ(executor.run(std::move(moved)), 2);
}

Task<int> throwing(bool late, Event& event) {
  if (late) (void)co_await event.wait();
  throw std::runtime_error("boom");
}
Task<std::string> catching(bool late, Event& event) {
  try {
    co_await throwing(late, event);
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing";
}

TEST(Task, PassesAnExceptionToWhoAwaitsIt) {
  ManualExecutor executor;
  Event event;
  EXPECT_EQ(executor.run(catching(false, event)), "boom");
  EXPECT_THROW(executor.run(throwing(false, event)), std::runtime_error);
}

TEST(Task, PassesAnExceptionThatComesAfterASuspension) {
  ManualExecutor executor;
  Event event;
  Task<std::string> task = catching(true, event);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  EXPECT_FALSE(task.done());
  event.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), "boom");
}

Task<int> waits(Event& event, Witness witness) {
  const Status status = co_await event.wait();
  co_return status.ok() ? *witness.alive : -1;
}
Task<int> waits_below(Event& event, Witness witness) {
  const int result = co_await waits(event, witness);
  co_return result;
}

TEST(Task, CallsItsDoneCallbackAtItsEnd) {
  ManualExecutor executor;
  Event event;
  int alive = 0;
  int calls = 0;
  Task<int> task = waits_below(event, Witness(alive));
  task.start(nullptr, {[](void* n) noexcept { ++*static_cast<int*>(n); }, &calls});
  EXPECT_EQ(calls, 0);
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(calls, 1);
  Task<int> ready = 3;
  ready.start(nullptr, {[](void* n) noexcept { ++*static_cast<int*>(n); }, &calls});
  EXPECT_EQ(calls, 2);
}

TEST(Task, MayBeDestroyedByItsDoneCallback) {
  ManualExecutor executor;
  Event event;
  int alive = 0;
  auto* task = new Task<int>(waits_below(event, Witness(alive)));
  task->start(nullptr, {[](void* t) noexcept { delete static_cast<Task<int>*>(t); }, task});
  EXPECT_GT(alive, 0);
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(alive, 0);
}

TEST(Task, DestroyedWhileSuspendedDestroysAllItAwaits) {
  ManualExecutor executor;
  Event event;
  int alive = 0;
  {
    Task<int> task = waits_below(event, Witness(alive));
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    EXPECT_GT(alive, 0);
  }
  EXPECT_EQ(alive, 0);
  event.set();
  executor.run_until_idle();
}

TEST(Task, DestroyedAfterItBecameReadyDoesNotRun) {
  ManualExecutor executor;
  Event event;
  int alive = 0;
  {
    Task<int> task = waits_below(event, Witness(alive));
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    event.set();
  }
  EXPECT_EQ(alive, 0);
  executor.run_until_idle();
}

TEST(Task, IsResumedAtOnceOnAThreadWithoutExecutor) {
  Event event;
  int alive = 0;
  Task<int> task = waits_below(event, Witness(alive));
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  EXPECT_FALSE(task.done());
  event.set();
  EXPECT_TRUE(task.done());
}

Task<Context*> context_below() { co_return co_await current_context(); }
Task<Context*> context_two_below() { co_return co_await context_below(); }
Task<Context*> context_in(Context& context) { co_return co_await context_below().in(context); }

TEST(Task, InheritsTheContextOfWhoAwaitsIt) {
  ManualExecutor executor;
  Context context, other;
  EXPECT_EQ(executor.run(context_two_below(), &context), &context);
  EXPECT_EQ(executor.run(context_two_below()), nullptr);
  EXPECT_EQ(executor.run(context_in(other), &context), &other);
  EXPECT_EQ(executor.run(context_below().in(other), &context), &other);
}

Task<int> chain(int depth, Event* event) {
  if (depth == 0) {
    if (event != nullptr) (void)co_await event->wait();
    co_return 0;
  }
  co_return 1 + co_await chain(depth - 1, event);
}

TEST(Task, RunsAChainOfAThousandFrames) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(chain(1000, nullptr)), 1000);
  Event event;
  Task<int> task = chain(1000, &event);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  event.set();
  executor.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 1000);
}

Task<long> loop_of_ready_children(int n) {
  long total = 0;
  for (int i = 0; i < n; ++i) total += co_await value(1);
  co_return total;
}

TEST(Task, AMillionImmediateChildrenDoNotGrowTheStack) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(loop_of_ready_children(1'000'000)), 1'000'000);
}

struct Yield final : Runnable {
  Yield() : Runnable([](Runnable& self) noexcept { static_cast<Yield&>(self).handle.resume(); }) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept {
    handle = h;
    Executor::current()->ready(*this);
  }
  void await_resume() const noexcept {}
  std::coroutine_handle<> handle;
};
Task<int> yields() {
  co_await Yield();
  co_return 1;
}
Task<long> loop_of_suspending_children(int n) {
  long total = 0;
  for (int i = 0; i < n; ++i) total += co_await yields();
  co_return total;
}

TEST(Task, SuspendingChildrenInALoopDoNotGrowTheStack) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(loop_of_suspending_children(200'000)), 200'000);
}

// clang sees it; g++ 12 does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
Task<int> without_co_return(bool with) {
  if (with) co_return 1;
}
#pragma GCC diagnostic pop
Task<int> passes_on() { co_return co_await without_co_return(false); }

TEST(Task, ThatEndsWithoutCoReturnThrowsSo) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(without_co_return(true)), 1);
  EXPECT_THROW(executor.run(without_co_return(false)), coro::MissingResult);
  EXPECT_THROW(executor.run(passes_on()), coro::MissingResult);
}

template <class T>
Task<> await_twice(Task<T> task) {
  static_cast<void>(co_await std::move(task));
  static_cast<void>(co_await std::move(task));
}
Task<> await_twice(Task<> task) {
  co_await std::move(task);
  co_await std::move(task);
}
Task<> nothing() { co_return; }

TEST(TaskDeathTest, EndsTheProgramWhenItIsAwaitedTwice) {
  ManualExecutor executor;
  EXPECT_DEATH(executor.run(await_twice(value(1))), "a Task was awaited twice: it has ended");
  EXPECT_DEATH(executor.run(await_twice(yields())), "a Task was awaited twice: it has ended");
  EXPECT_DEATH(executor.run(await_twice(nothing())), "a Task was awaited twice: it has ended");
  EXPECT_DEATH(executor.run(await_twice(plain_value(1))), "given its result away");
}

Task<> await_running(Task<int>& task) { static_cast<void>(co_await std::move(task)); }

TEST(TaskDeathTest, EndsTheProgramWhenItIsAwaitedByTwo) {
  ManualExecutor executor;
  Task<int> task = yields();
  Task<> first = await_running(task);
  first.start(nullptr, {.function = [](void*) noexcept {}, .argument = &task});
  EXPECT_DEATH(executor.run(await_running(task)), "awaited twice: it runs already");
  EXPECT_DEATH(task.start(nullptr, {}), "awaited twice: it runs already");
  executor.run_until_idle();
}

template <class T>
Task<> await_moved(Task<T> task) {
  const Task<T> other = std::move(task);
  static_cast<void>(co_await std::move(task));
}
Task<> await_moved(Task<> task) {
  const Task<> other = std::move(task);
  co_await std::move(task);
}

TEST(TaskDeathTest, AwaitingAMovedFromTaskEndsTheProgram) {
  ManualExecutor executor;
  EXPECT_DEATH(executor.run(await_moved(value(1))), "was moved from");
  EXPECT_DEATH(executor.run(await_moved(plain_value(1))), "was moved from");
  EXPECT_DEATH(executor.run(await_moved(nothing())), "was moved from");
  EXPECT_DEATH(executor.run(await_moved(Task<>())), "was moved from");
}

TEST(TaskDeathTest, TakingTheResultTooEarlyEndsTheProgram) {
  ManualExecutor executor;
  Task<int> task = yields();
  task.start(nullptr, {.function = [](void*) noexcept {}, .argument = &task});
  EXPECT_DEATH(task.take(), "taken before the task had ended");
  executor.run_until_idle();
}

}  // namespace
}  // namespace weft
