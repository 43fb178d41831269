#include "weft/coro/queue.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/manual_executor.h"
#include "weft/coro/scope.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

Task<Status> produce(Queue<std::string>& queue, std::string name, int count) {
  for (int i = 0; i < count; ++i) {
    Status status = co_await queue.push(name + std::to_string(i));
    if (!status.ok()) co_return status;
  }
  co_return Status();
}
Task<Status> consume(Queue<std::string>& queue, Strings& into, int at_most) {
  for (int i = 0; i < at_most; ++i) {
    Result<std::optional<std::string>> item = co_await queue.pop();
    if (!item.ok()) co_return item.status();
    if (!item->has_value()) {
      into.emplace_back("end");
      co_return Status();
    }
    into.push_back(**item);
  }
  co_return Status();
}

TEST(Queue, KeepsTheOrderAndHoldsNoMoreThanItsCapacity) {
  ManualExecutor executor;
  Queue<std::string> queue(2);
  Strings got;
  Scope scope(nullptr);
  scope.spawn(produce(queue, "a", 5));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(scope.running(), 1U);
  scope.spawn(consume(queue, got, 5));
  executor.run_until_idle();
  EXPECT_EQ(got, (Strings{"a0", "a1", "a2", "a3", "a4"}));
  EXPECT_EQ(scope.running(), 0U);
}

TEST(Queue, ServesThoseWhoWaitForAnItemInTheirOrder) {
  ManualExecutor executor;
  Queue<std::string> queue(2);
  Strings first, second;
  Scope scope(nullptr);
  scope.spawn(consume(queue, first, 1));
  scope.spawn(consume(queue, second, 1));
  scope.spawn(produce(queue, "a", 2));
  executor.run_until_idle();
  EXPECT_EQ(first, (Strings{"a0"}));
  EXPECT_EQ(second, (Strings{"a1"}));
}

TEST(Queue, TryPushAndTryPopNeverWait) {
  Queue<std::unique_ptr<int>> queue(1);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(one));
  EXPECT_FALSE(queue.try_push(two));
  EXPECT_EQ(*two, 2) << "left with the caller";
  EXPECT_EQ(**queue.try_pop(), 1);
  queue.close();
  EXPECT_FALSE(queue.try_push(two));
}

TEST(Queue, ClosedGivesWhatIsInAndThenTheEnd) {
  ManualExecutor executor;
  Queue<std::string> queue(4);
  Strings got;
  Scope scope(nullptr);
  scope.spawn(produce(queue, "a", 2));
  queue.close();
  queue.close();
  scope.spawn(consume(queue, got, 10));
  executor.run_until_idle();
  EXPECT_EQ(got, (Strings{"a0", "a1", "end"}));
  EXPECT_TRUE(queue.closed());
}

TEST(Queue, ClosingEndsThoseWhoWait) {
  ManualExecutor executor;
  Queue<std::string> full(1), empty(1);
  Strings got;
  Scope pushing(nullptr), popping(nullptr);
  pushing.spawn(produce(full, "a", 2));
  popping.spawn(consume(empty, got, 1));
  full.close();
  empty.close();
  executor.run_until_idle();
  EXPECT_EQ(pushing.status(), failed_precondition("the queue is closed"));
  EXPECT_EQ(got, (Strings{"end"}));
  pushing.spawn(produce(full, "b", 1));
  EXPECT_EQ(pushing.running(), 0U);
}

TEST(Queue, ACancelledWaitTakesAndLeavesNothing) {
  ManualExecutor executor;
  Queue<std::string> queue(1);
  Strings got, more;
  Scope pushing(nullptr), popping(nullptr), other(nullptr);
  popping.spawn(consume(queue, got, 1));
  popping.cancel(cancelled("stop"));
  executor.run_until_idle();
  EXPECT_EQ(popping.status(), cancelled("stop"));
  pushing.spawn(produce(queue, "a", 2));
  pushing.cancel(cancelled("stop"));
  executor.run_until_idle();
  EXPECT_EQ(pushing.status(), cancelled("stop"));
  queue.close();
  other.spawn(consume(queue, more, 3));
  executor.run_until_idle();
  EXPECT_EQ(more, (Strings{"a0", "end"}));
}

TEST(Queue, KeepsAnItemGivenToADestroyedTask) {
  ManualExecutor executor;
  Queue<std::string> queue(1);
  Strings lost, got;
  {
    Task<Status> task = consume(queue, lost, 1);
    task.start(nullptr, {[](void*) noexcept {}, nullptr});
    std::string item = "precious";
    ASSERT_TRUE(queue.try_push(item));
  }
  EXPECT_EQ(queue.size(), 1U);
  Scope scope(nullptr);
  scope.spawn(consume(queue, got, 1));
  executor.run_until_idle();
  EXPECT_EQ(got, (Strings{"precious"}));
}

TEST(Queue, WorksWithoutExecutor) {
  Queue<std::string> queue(1);
  Strings got;
  Scope scope(nullptr);
  scope.spawn(consume(queue, got, 100));
  scope.spawn(produce(queue, "a", 100));
  EXPECT_EQ(got.size(), 100U);
  EXPECT_EQ(got.back(), "a99");
  EXPECT_EQ(scope.running(), 0U);
}

}  // namespace
}  // namespace weft
