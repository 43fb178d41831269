#include "weft/coro/frame/hand_written.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/frame/small_task.h"
#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

/// Awaits what it is given and adds 1: by hand, what `co_return co_await child + 1` is.
class Plus1 final : public coro::HandWritten<Plus1, int> {
 public:
  explicit Plus1(Task<int> child, std::shared_ptr<int> alive = nullptr)
      : child_(std::move(child)), alive_(std::move(alive)) {}

  bool advance() {
    if (!std::exchange(began_, true) && waits_for(child_)) return false;
    return end(child_.take() + 1);
  }

 private:
  Task<int> child_;
  std::shared_ptr<int> alive_;
  bool began_ = false;
};

Task<int> after(Event& event, int value) {
  Status status = co_await event.wait();
  co_return status.ok() ? value : -1;
}

Task<int> thrown() {
  throw std::runtime_error("by the child");
  co_return 0;
}

Task<int> plus_1_by_a_coroutine(Task<int> child) { co_return co_await std::move(child) + 1; }

TEST(HandWritten, IsAwaitedLikeACoroutine) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(plus_1_by_a_coroutine(Plus1::make(Task<int>(40)))), 42);
}

TEST(HandWritten, IsLazy) {
  const auto alive = std::make_shared<int>();
  {
    const Task<int> task = Plus1::make(Task<int>(1), alive);
    EXPECT_FALSE(task.done());
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1) << "a task that never began destroys its frame";
}

TEST(HandWritten, GoesOnWhenWhatItAwaitsHasEnded) {
  ManualExecutor executor;
  Event event;
  Task<int> task = plus_1_by_a_coroutine(Plus1::make(after(event, 5)));
  bool done = false;
  task.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
  EXPECT_FALSE(done);
  event.set();
  executor.run_until_idle();
  ASSERT_TRUE(done);
  EXPECT_EQ(task.take(), 7);
}

TEST(HandWritten, RunsItsChildInItsContext) {
  ManualExecutor executor;
  Event event;
  Context context;
  Task<int> task = Plus1::make(after(event, 5));
  bool done = false;
  task.start(&context, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
  context.cancel(cancelled("by the test"));
  executor.run_until_idle();
  ASSERT_TRUE(done);
  EXPECT_EQ(task.take(), 0) << "the child saw the cancellation";
}

TEST(HandWritten, HandsOnWhatItsChildThrows) {
  ManualExecutor executor;
  EXPECT_THROW(executor.run(Plus1::make(thrown())), std::runtime_error);
}

TEST(HandWritten, MayBeDestroyedWhileItWaits) {
  ManualExecutor executor;
  Event event;
  const auto alive = std::make_shared<int>();
  {
    Task<int> task = Plus1::make(after(event, 5), alive);
    task.start(nullptr, {[](void*) noexcept { FAIL(); }, nullptr});
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
  event.set();
  executor.run_until_idle();
}

/// Makes its result where it will be, and changes it there; throws then where it is to.
class InPlace final : public coro::HandWritten<InPlace, std::string> {
 public:
  explicit InPlace(bool throws) : throws_(throws) {}
  bool advance() {
    std::string& text = end_in_place("made");
    text += " and changed";
    if (throws_) throw std::runtime_error("late");
    return true;
  }

 private:
  bool throws_;
};

TEST(HandWritten, MayMakeItsResultInItsPlace) {
  ManualExecutor executor;
  EXPECT_EQ(executor.run(InPlace::make(false)), "made and changed");
  EXPECT_THROW(executor.run(InPlace::make(true)), std::runtime_error);
}

TEST(SmallTask, KeepsAValueAndACoroutine) {
  ManualExecutor executor;
  coro::SmallTask<std::string> value(Task<std::string>(std::string("a value")));
  EXPECT_EQ(value.result(), "a value");

  Event event;
  const auto text = [](Event& until) -> Task<std::string> {
    static_cast<void>(co_await until.wait());
    co_return "a coroutine's";
  };
  Task<std::string> task = text(event);
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  coro::SmallTask<std::string> kept;
  kept = coro::SmallTask<std::string>(std::move(task));
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(kept.result(), "a coroutine's");
}

}  // namespace
}  // namespace weft
