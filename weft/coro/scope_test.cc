#include "weft/coro/scope.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Task<> wait_for(Event& event, int& ended) {
  (void)co_await event.wait();
  ++ended;
}
Task<Status> status_of_wait(Event& event) { co_return co_await event.wait(); }
Task<> throws() {
  throw std::runtime_error("a secret");
  co_return;
}
Task<Status> throws_number() {
  throw 7;
  co_return Status();
}
Task<> note_join(Scope& scope, int& joined) {
  co_await scope.join();
  ++joined;
}

TEST(Scope, RunsAChildAtOnceAndJoinsIt) {
  ManualExecutor executor;
  Event event;
  int ended = 0;
  int joined = 0;
  Scope scope(nullptr);
  scope.spawn(wait_for(event, ended));
  scope.spawn(wait_for(event, ended));
  EXPECT_EQ(scope.running(), 2U);
  Task<> join = note_join(scope, joined);
  join.start(nullptr, {[](void*) noexcept {}, nullptr});
  executor.run_until_idle();
  EXPECT_EQ(joined, 0);
  event.set();
  executor.run_until_idle();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(joined, 1);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(Scope, TakesTasksThatAreDoneAlready) {
  ManualExecutor executor;
  Scope scope(nullptr);
  scope.spawn(Task<>());
  scope.spawn(Task<Status>(aborted("ready")));
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_EQ(scope.status(), aborted("ready"));
  executor.run(scope.join());
}

TEST(Scope, KeepsTheFirstFailureAndLetsTheOthersRun) {
  ManualExecutor executor;
  Event event;
  int ended = 0;
  Scope scope(nullptr);
  scope.spawn(wait_for(event, ended));
  scope.spawn(Task<Status>(aborted("first")));
  scope.spawn(Task<Status>(not_found("second")));
  EXPECT_EQ(scope.status(), aborted("first"));
  EXPECT_EQ(scope.running(), 1U);
  event.set();
  executor.run(scope.join());
  EXPECT_EQ(ended, 1);
}

TEST(Scope, CancelReachesEveryChild) {
  ManualExecutor executor;
  Event never;
  Scope scope(nullptr);
  scope.spawn(status_of_wait(never));
  scope.spawn(status_of_wait(never));
  scope.cancel(cancelled("stop"));
  executor.run(scope.join());
  EXPECT_EQ(scope.status(), cancelled("stop"));
}

TEST(Scope, IsCancelledWithItsParent) {
  ManualExecutor executor;
  Event never;
  Context parent;
  Scope scope(&parent);
  scope.spawn(status_of_wait(never));
  parent.cancel(deadline_exceeded("too late"));
  executor.run(scope.join(), &parent);
  EXPECT_EQ(scope.status(), deadline_exceeded("too late"));
}

class SlowToStop {
 public:
  static Task<> run(Event& never, Event& cleaned, int& ended) {
    (void)co_await never.wait();
    co_await clean_up(cleaned).in(own());
    ++ended;
  }

 private:
  static Context& own() {
    static Context context;
    return context;
  }
  static Task<> clean_up(Event& cleaned) { (void)co_await cleaned.wait(); }
};

TEST(Scope, JoinWaitsForACancelledChildThatTakesItsTime) {
  ManualExecutor executor;
  Event never, cleaned;
  int ended = 0;
  int joined = 0;
  Context parent;
  Scope scope(&parent);
  scope.spawn(SlowToStop::run(never, cleaned, ended));
  Task<> join = note_join(scope, joined);
  join.start(&parent, {[](void*) noexcept {}, nullptr});
  parent.cancel(cancelled("stop"));
  executor.run_until_idle();
  EXPECT_EQ(joined, 0);
  cleaned.set();
  executor.run_until_idle();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(joined, 1);
}

TEST(Scope, TurnsAnExceptionIntoInternalAndLogsItsText) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  Scope scope(nullptr);
  scope.spawn(throws());
  set_log_sink({});
  EXPECT_EQ(scope.status().code(), StatusCode::Internal);
  EXPECT_THAT(std::string(scope.status().message()), Not(HasSubstr("secret")));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("a secret"));
}

TEST(Scope, SurvivesAnExceptionThatIsNoStdException) {
  set_log_sink([](LogLevel, std::string_view) {});
  Scope scope(nullptr);
  scope.spawn(throws_number());
  set_log_sink({});
  EXPECT_EQ(scope.status().code(), StatusCode::Internal);
}

Task<> spawn_more(Scope& scope, Event& event, int& ended, int depth) {
  (void)co_await event.wait();
  ++ended;
  if (depth > 0) scope.spawn(spawn_more(scope, event, ended, depth - 1));
}

TEST(Scope, AChildMaySpawnSiblingsWhileItIsJoined) {
  ManualExecutor executor;
  Event event;
  int ended = 0;
  Scope scope(nullptr);
  scope.spawn(spawn_more(scope, event, ended, 10));
  event.set();
  executor.run(scope.join());
  EXPECT_EQ(ended, 11);
}

Task<> join_and_destroy(std::unique_ptr<Scope>& scope) {
  co_await scope->join();
  scope.reset();
}

TEST(Scope, MayBeDestroyedByWhoJoinsItAlsoWithoutExecutor) {
  Event never;
  auto scope = std::make_unique<Scope>(nullptr);
  int ended = 0;
  scope->spawn(wait_for(never, ended));
  Task<> join = join_and_destroy(scope);
  join.start(nullptr, {[](void*) noexcept {}, nullptr});
  scope->cancel(cancelled("stop"));
  EXPECT_EQ(scope, nullptr);
  EXPECT_TRUE(join.done());
}

void destroy_while_running() {
  Event event;
  int ended = 0;
  Scope scope(nullptr);
  scope.spawn(wait_for(event, ended));
}

TEST(ScopeDeathTest, DestroyingItWithRunningChildrenEndsTheProgram) {
  EXPECT_DEATH(destroy_while_running(), "destroyed while 1 of its tasks run: co_await scope.join");
}

}  // namespace
}  // namespace weft
