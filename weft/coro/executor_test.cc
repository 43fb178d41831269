#include "weft/coro/executor.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

struct Note final : Runnable {
  Note(std::vector<int>& into, int what) : Runnable(&Note::write), notes(into), value(what) {}
  static void write(Runnable& item) noexcept {
    auto& self = static_cast<Note&>(item);
    self.notes.push_back(self.value);
  }
  std::vector<int>& notes;
  int value;
};

std::vector<int> drain(RunnableQueue& queue) {
  std::vector<int> values;
  while (Runnable* item = queue.pop()) values.push_back(static_cast<Note*>(item)->value);
  return values;
}

TEST(RunnableQueue, GivesItemsInTheOrderTheyCame) {
  std::vector<int> notes;
  Note one(notes, 1), two(notes, 2);
  RunnableQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(one);
  queue.push(two);
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(drain(queue), (std::vector{1, 2}));
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(RunnableQueue, TakesAnItemAgainAfterItWasPopped) {
  std::vector<int> notes;
  Note one(notes, 1);
  RunnableQueue queue;
  queue.push(one);
  queue.pop();
  queue.push(one);
  EXPECT_EQ(drain(queue), (std::vector{1}));
}

TEST(RunnableQueue, AnItemLeavesItWhenDestroyedOrRemoved) {
  std::vector<int> notes;
  RunnableQueue queue;
  Note one(notes, 1), four(notes, 4);
  queue.push(one);
  {
    Note two(notes, 2);
    Note three(notes, 3);
    queue.push(two);
    queue.push(three);
    queue.push(four);
  }
  RunnableQueue::remove(one);
  RunnableQueue::remove(one);
  EXPECT_EQ(drain(queue), (std::vector{4}));
}

TEST(RunnableQueue, MovesAndSplices) {
  std::vector<int> notes;
  Note one(notes, 1), two(notes, 2), three(notes, 3);
  RunnableQueue a, b;
  a.push(one);
  b.push(two);
  b.push(three);
  a.splice_back(b);
  EXPECT_TRUE(b.empty());
  RunnableQueue moved = std::move(a);
  b = std::move(moved);
  EXPECT_EQ(drain(b), (std::vector{1, 2, 3}));
}

TEST(RunnableQueue, MayBeDestroyedBeforeItsItems) {
  std::vector<int> notes;
  Note one(notes, 1);
  {
    RunnableQueue queue;
    queue.push(one);
  }
  RunnableQueue other;
  other.push(one);
  EXPECT_EQ(drain(other), (std::vector{1}));
}

TEST(ManualExecutor, RunsNothingUntilItIsTold) {
  ManualExecutor executor;
  std::vector<int> notes;
  Note one(notes, 1), two(notes, 2);
  executor.ready(one);
  executor.ready(two);
  EXPECT_TRUE(notes.empty());
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(notes, (std::vector{1}));
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector{1, 2}));
  EXPECT_FALSE(executor.run_one());
}

TEST(ManualExecutor, RunsWhatOtherThreadsPosted) {
  ManualExecutor executor;
  std::vector<int> notes;
  Note one(notes, 1);
  std::thread([&] { executor.post(one); }).join();
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector{1}));
}

TEST(ManualExecutor, IsCurrentWhileItExistsAndNests) {
  EXPECT_EQ(Executor::current(), nullptr);
  {
    ManualExecutor outer;
    {
      ManualExecutor inner;
      EXPECT_EQ(Executor::current(), &inner);
    }
    EXPECT_EQ(Executor::current(), &outer);
  }
  EXPECT_EQ(Executor::current(), nullptr);
}

TEST(ManualExecutor, ItsClockMovesOnlyByHand) {
  ManualExecutor executor;
  const TimePoint begin = executor.now();
  EXPECT_EQ(executor.now(), begin);
  executor.advance(std::chrono::seconds(3));
  EXPECT_EQ(executor.now() - begin, std::chrono::seconds(3));
}

}  // namespace
}  // namespace weft
