#include "weft/transaction/saga/saga_stats.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/stored_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;

Task<Result<Booking>> book_if_approved(Saga& saga, const Trip&) {
  auto answer = co_await saga.ask("approve", "A car?");
  if (!answer.ok()) co_return answer.status();
  co_return booking(*answer);
}

class SagaStatsTest : public ::testing::Test {
 protected:
  void start() {
    SagasOptions options = world.saga_options();
    options.undo_for = 2min;
    world.sagas.emplace(std::move(options));
    ASSERT_TRUE(world.sagas->add("book", book).ok());
    ASSERT_TRUE(world.sagas->add("ask", book_if_approved).ok());
    const Status status = world.run(world.sagas->start());
    ASSERT_TRUE(status.ok()) << status;
  }
  Result<Booking> run(std::string name, std::string id, Trip trip = {}, Duration limit = 1h) {
    return world.run(world.sagas->run<Booking>(name, id, trip), limit);
  }
  void leave_running(std::string name, std::string id, Trip trip = {}) {
    EXPECT_THROW(static_cast<void>(run(name, id, trip, 10s)), weft::testing::DidNotHappen);
  }
  void answer(int at, Answer with) {
    world.ledger.script = [at, with](int n, const Branch&) { return n == at ? with : Answer(); };
  }
  SagaStats stats(std::string_view name) {
    for (SagaStats& stats : world.sagas->stats()) {
      if (stats.name == name) return stats;
    }
    ADD_FAILURE() << "no stats of " << name;
    return {};
  }
  SagaBacklog backlog() {
    const Result<SagaBacklog> backlog = world.run(world.sagas->backlog());
    EXPECT_TRUE(backlog.ok()) << backlog.status();
    return backlog.ok() ? *backlog : SagaBacklog();
  }
  static Trip slow() {
    Trip trip;
    trip.set_pause_seconds(600);
    return trip;
  }

  TravelWorld world;
};

TEST_F(SagaStatsTest, CountsSagasThatAreDone) {
  start();
  EXPECT_TRUE(run("book", "trip-1", slow()).ok());
  EXPECT_TRUE(run("book", "trip-1", slow()).ok());
  const SagaStats book = stats("book");
  EXPECT_EQ(book.started, 1U);
  EXPECT_EQ(book.done, 1U);
  EXPECT_EQ(book.running, 0U);
  EXPECT_EQ(book.steps_done, 2U);
  EXPECT_EQ(book.steps_retried, 0U);
  EXPECT_GE(book.time, 590s);
  EXPECT_LE(book.time, 601s);
  EXPECT_EQ(stats("ask").started, 0U);
}

TEST_F(SagaStatsTest, CountsRetriesOfSteps) {
  answer(1, {.status = unavailable("lost"), .has_effect = true});
  start();
  EXPECT_TRUE(run("book", "trip-1").ok());
  EXPECT_EQ(stats("book").steps_retried, 1U);
  EXPECT_EQ(stats("book").steps_done, 2U);
  EXPECT_EQ(stats("book").steps_failed, 0U);
}

TEST_F(SagaStatsTest, CountsSagasThatAreUndone) {
  world.ledger.script = [](int n, const Branch&) {
    if (n == 2) return Answer{.status = failed_precondition("full"), .has_effect = false};
    if (n == 3) return Answer{.status = unavailable("away"), .has_effect = false};
    return Answer();
  };
  start();
  EXPECT_FALSE(run("book", "trip-1").ok());
  const SagaStats book = stats("book");
  EXPECT_EQ(book.undone, 1U);
  EXPECT_EQ(book.done, 0U);
  EXPECT_EQ(book.steps_done, 1U);
  EXPECT_EQ(book.steps_failed, 1U);
  EXPECT_EQ(book.steps_undone, 2U);
  EXPECT_EQ(book.undos_retried, 1U);
}

TEST_F(SagaStatsTest, CountsSagasThatGetStuck) {
  world.ledger.script = [](int, const Branch& branch) {
    if (branch.action == Action::Undo) return Answer{.status = not_found("no such room")};
    if (branch.name == "seat") return Answer{.status = failed_precondition("full")};
    return Answer();
  };
  start();
  EXPECT_FALSE(run("book", "trip-1").ok());
  EXPECT_EQ(stats("book").stuck, 1U);
  EXPECT_EQ(stats("book").running, 0U);
  EXPECT_GE(stats("book").undos_retried, 3U);
  EXPECT_EQ(backlog().stuck, 1U);
  EXPECT_EQ(backlog().running, 0U);
}

TEST_F(SagaStatsTest, CountsSagasOfAnotherProcessAsTakenOver) {
  start();
  leave_running("book", "trip-1", slow());
  EXPECT_EQ(stats("book").running, 1U);
  world.crash();
  world.open();
  start();
  EXPECT_TRUE(run("book", "trip-1", slow()).ok());
  EXPECT_EQ(stats("book").started, 0U);
  EXPECT_EQ(stats("book").taken_over, 1U);
  EXPECT_EQ(stats("book").done, 1U);
}

TEST_F(SagaStatsTest, CountsSagasThatGoOnElsewhereAsLost) {
  start();
  leave_running("book", "trip-1", slow());
  StoredSagas stored = *world.run(StoredSagas::open(*world.database));
  ASSERT_TRUE(world.run(stored.undo("trip-1")).ok());
  world.world.run_for(2min);
  EXPECT_EQ(stats("book").lost, 1U);
  EXPECT_EQ(stats("book").taken_over, 1U);
  EXPECT_EQ(stats("book").undone, 1U);
  EXPECT_EQ(stats("book").running, 0U);
}

TEST_F(SagaStatsTest, CountsSagasWithoutCodeUnderNoName) {
  start();
  leave_running("book", "trip-1", slow());
  StoredSagas stored = *world.run(StoredSagas::open(*world.database));
  ASSERT_TRUE(world.run(stored.undo("trip-1")).ok());
  world.sagas.emplace(world.saga_options());
  ASSERT_TRUE(world.run(world.sagas->start()).ok());
  world.world.run_for(1min);
  const std::vector<SagaStats> all = world.sagas->stats();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "");
  EXPECT_EQ(all[0].taken_over, 1U);
  EXPECT_EQ(all[0].undone, 1U);
}

TEST_F(SagaStatsTest, TheBacklogHasWhatIsNotOver) {
  start();
  EXPECT_TRUE(run("book", "trip-1").ok());
  EXPECT_EQ(backlog().oldest, std::nullopt);
  leave_running("book", "trip-2", slow());
  leave_running("ask", "trip-3");
  EXPECT_EQ(backlog().running, 2U);
  EXPECT_EQ(backlog().stuck, 0U);
  EXPECT_EQ(backlog().questions, 1U);
  ASSERT_TRUE(backlog().oldest.has_value());
  EXPECT_GE(*backlog().oldest, 20s);
  EXPECT_LE(*backlog().oldest, 21s);
  ASSERT_TRUE(world.run(world.sagas->answer("trip-3", "approve", "yes")).ok());
  EXPECT_EQ(backlog().questions, 0U);
  StoredSagas stored = *world.run(StoredSagas::open(*world.database));
  EXPECT_EQ(world.run(stored.backlog())->running, backlog().running);
}

}  // namespace
}  // namespace weft::transaction::test
