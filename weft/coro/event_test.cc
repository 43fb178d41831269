#include "weft/coro/event.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/manual_executor.h"
#include "weft/coro/scope.h"

namespace weft {
namespace {

Task<> note(Event& event, std::vector<std::string>& notes, std::string name) {
  const Status status = co_await event.wait();
  notes.push_back(name.append(" ").append(status.to_string()));
}

TEST(Event, WakesAllInTheOrderTheyCame) {
  ManualExecutor executor;
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(note(event, notes, "a"));
  scope.spawn(note(event, notes, "b"));
  event.set();
  EXPECT_TRUE(notes.empty()) << "ran inside set()";
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a OK", "b OK"}));
}

TEST(Event, DoesNotSuspendWhenItIsSet) {
  Event event;
  event.set();
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(note(event, notes, "a"));
  EXPECT_EQ(notes, (std::vector<std::string>{"a OK"}));
  EXPECT_TRUE(event.is_set());
}

TEST(Event, SuspendsAgainAfterAReset) {
  ManualExecutor executor;
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  event.set();
  event.reset();
  scope.spawn(note(event, notes, "a"));
  executor.run_until_idle();
  EXPECT_TRUE(notes.empty());
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(notes.size(), 1U);
}

TEST(Event, CancellingTheContextEndsAWaitWithTheReason) {
  ManualExecutor executor;
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(note(event, notes, "a"));
  scope.cancel(cancelled("enough"));
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a CANCELLED: enough"}));
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(notes.size(), 1U);
}

TEST(Event, AWaitInACancelledContextDoesNotSuspend) {
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.cancel(cancelled("enough"));
  scope.spawn(note(event, notes, "a"));
  EXPECT_EQ(notes, (std::vector<std::string>{"a CANCELLED: enough"}));
}

TEST(Event, TheFirstOutcomeOfATurnCounts) {
  ManualExecutor executor;
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(note(event, notes, "a"));
  event.set();
  scope.cancel(cancelled("late"));
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a OK"}));
}

TEST(Event, ACancellationOutlastsALaterSetInItsTurn) {
  ManualExecutor executor;
  Event event;
  std::vector<std::string> notes;
  Scope scope(nullptr);
  scope.spawn(note(event, notes, "a"));
  scope.cancel(cancelled("enough"));
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(notes, (std::vector<std::string>{"a CANCELLED: enough"}));
}

Task<> destroy_when_set(std::unique_ptr<Event>& event, int& ended) {
  (void)co_await event->wait();
  event.reset();
  ++ended;
}
Task<> count_when_set(Event& event, int& ended) {
  (void)co_await event.wait();
  ++ended;
}

TEST(Event, MayBeDestroyedByWhoIsResumedInsideSet) {
  auto event = std::make_unique<Event>();
  int ended = 0;
  Scope scope(nullptr);
  scope.spawn(destroy_when_set(event, ended));
  scope.spawn(count_when_set(*event, ended));
  event->set();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(event, nullptr);
}

}  // namespace
}  // namespace weft
