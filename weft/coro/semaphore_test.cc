#include "weft/coro/semaphore.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"
#include "weft/coro/scope.h"

namespace weft {
namespace {

Task<Status> hold(Semaphore& semaphore, Event& until, std::vector<std::string>& notes,
                  std::string name) {
  Result<Semaphore::Permit> permit = co_await semaphore.acquire();
  if (!permit.ok()) co_return permit.status();
  notes.push_back(name);
  (void)co_await until.wait();
  co_return Status();
}

TEST(Semaphore, GrantsItsPermitsThenWaitersInOrder) {
  ManualExecutor executor;
  Semaphore semaphore(2);
  Event first, rest;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(hold(semaphore, first, notes, "a"));
  scope.spawn(hold(semaphore, rest, notes, "b"));
  scope.spawn(hold(semaphore, rest, notes, "c"));
  scope.spawn(hold(semaphore, rest, notes, "d"));
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(semaphore.available(), 0U);
  first.set();
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b", "c"}));
  rest.set();
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(semaphore.available(), 2U);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(Semaphore, ANewcomerDoesNotOvertakeWhoWasGrantedAPermit) {
  ManualExecutor executor;
  Semaphore semaphore(1);
  Event done;
  done.set();
  std::vector<std::string> notes;
  Semaphore::Permit mine = semaphore.try_acquire();
  ASSERT_TRUE(mine);
  Scope scope(nullptr);
  scope.spawn(hold(semaphore, done, notes, "waiting"));
  mine.release();
  EXPECT_FALSE(semaphore.try_acquire());
  scope.spawn(hold(semaphore, done, notes, "newcomer"));
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"waiting", "newcomer"}));
}

TEST(Semaphore, ACancelledWaitLeavesTheLineAndTakesNoPermit) {
  ManualExecutor executor;
  Semaphore semaphore(1);
  Event done;
  done.set();
  std::vector<std::string> notes;
  Semaphore::Permit mine = semaphore.try_acquire();
  Scope scope(nullptr), other(nullptr);
  scope.spawn(hold(semaphore, done, notes, "cancelled"));
  other.spawn(hold(semaphore, done, notes, "patient"));
  scope.cancel(cancelled("enough"));
  executor.run_until_idle();
  EXPECT_EQ(scope.status(), cancelled("enough"));
  mine.release();
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"patient"}));
  EXPECT_EQ(semaphore.available(), 1U);
}

TEST(Semaphore, APermitGrantedBeforeTheCancellationIsKept) {
  ManualExecutor executor;
  Semaphore semaphore(1);
  Event done;
  done.set();
  std::vector<std::string> notes;
  Semaphore::Permit mine = semaphore.try_acquire();
  Scope scope(nullptr);
  scope.spawn(hold(semaphore, done, notes, "a"));
  mine.release();
  scope.cancel(cancelled("late"));
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a"}));
  EXPECT_EQ(semaphore.available(), 1U);
}

TEST(Semaphore, ADestroyedTasksPermitGoesToTheNext) {
  ManualExecutor executor;
  Semaphore semaphore(1);
  Event done;
  done.set();
  std::vector<std::string> notes;
  Semaphore::Permit mine = semaphore.try_acquire();
  Scope scope(nullptr);
  {
    Task<Status> task = hold(semaphore, done, notes, "destroyed");
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    scope.spawn(hold(semaphore, done, notes, "next"));
    mine.release();
  }
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"next"}));
  EXPECT_EQ(semaphore.available(), 1U);
}

TEST(Semaphore, APermitMovesAndIsGivenBackOnce) {
  Semaphore semaphore(1);
  Semaphore::Permit a = semaphore.try_acquire();
  Semaphore::Permit b = std::move(a);
  EXPECT_FALSE(a);
  b.release();
  b.release();
  EXPECT_EQ(semaphore.available(), 1U);
  b = semaphore.try_acquire();
  b = Semaphore::Permit();
  EXPECT_EQ(semaphore.available(), 1U);
}

}  // namespace
}  // namespace weft
