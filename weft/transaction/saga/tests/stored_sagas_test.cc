#include "weft/transaction/saga/stored_sagas.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoredSagasTest : public ::testing::Test {
 protected:
  void TearDown() override {
    stored_.reset();
    world.crash();
  }
  void start() {
    SagasOptions options = world.saga_options();
    options.undo_for = 2min;
    world.sagas.emplace(std::move(options));
    ASSERT_TRUE(world.sagas->add("book", book).ok());
    ASSERT_TRUE(world.sagas->add("either", book_either).ok());
    const Status status = world.run(world.sagas->start());
    ASSERT_TRUE(status.ok()) << status;
  }
  Result<Booking> run(std::string name, Trip trip = {}, Duration limit = 1h) {
    return world.run(world.sagas->run<Booking>(name, "trip-1", trip), limit);
  }
  StoredSagas& stored() {
    if (!stored_) stored_.emplace(*world.run(StoredSagas::open(*world.database)));
    return *stored_;
  }
  SagaSummary saga() { return *world.run(stored().find("trip-1")); }
  TravelWorld world;

 private:
  std::optional<StoredSagas> stored_;
};

TEST_F(StoredSagasTest, MakesNoTables) {
  EXPECT_EQ(world.run(StoredSagas::open(*world.database)).status().to_string(),
            "NOT_FOUND: the database has no tables \"sagas\" of weft's");
}

TEST_F(StoredSagasTest, ShowsASagaWithItsSteps) {
  start();
  EXPECT_TRUE(run("book").ok());
  EXPECT_EQ(saga().state, SagaState::Done);
  EXPECT_EQ(saga().name, "book");
  EXPECT_FALSE(saga().is_owned);
  const auto steps = world.run(stored().steps("trip-1"));
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_EQ(steps->size(), 2U);
  EXPECT_EQ((*steps)[0].name, "room");
  EXPECT_EQ((*steps)[1].state, StepState::Done);
  EXPECT_EQ(world.run(stored().list({SagaState::Done}, 10))->size(), 1U);
  EXPECT_TRUE(world.run(stored().list({SagaState::Running}, 10))->empty());
  EXPECT_EQ(world.run(stored().find("trip-2")).status().to_string(),
            "NOT_FOUND: there is no saga \"trip-2\"");
}

TEST_F(StoredSagasTest, UndoNeedsNoCode) {
  start();
  Trip slow;
  slow.set_pause_seconds(600);
  EXPECT_THROW(static_cast<void>(run("book", slow, 10s)), weft::testing::DidNotHappen);
  EXPECT_TRUE(saga().is_owned);
  const Status undone = world.run(stored().undo("trip-1"));
  EXPECT_TRUE(undone.ok()) << undone;
  world.sagas.emplace(world.saga_options());
  ASSERT_TRUE(world.run(world.sagas->start()).ok());
  world.world.run_for(1min);
  EXPECT_EQ(saga().state, SagaState::Undone);
  EXPECT_THAT(world.ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
  EXPECT_THAT(world.run(stored().undo("trip-1")).to_string(),
              HasSubstr("saga \"trip-1\" is undone and cannot be undone"));
}

TEST_F(StoredSagasTest, ARunningOwnerLosesASagaThatIsUndone) {
  start();
  Trip slow;
  slow.set_pause_seconds(600);
  EXPECT_THROW(static_cast<void>(run("book", slow, 10s)), weft::testing::DidNotHappen);
  EXPECT_TRUE(world.run(stored().undo("trip-1")).ok());
  world.world.run_for(15min);
  EXPECT_EQ(saga().state, SagaState::Undone);
  EXPECT_THAT(world.ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
}

TEST_F(StoredSagasTest, NothingIsUndonePastThePivot) {
  start();
  world.ledger.script = [](int, const Branch& branch) {
    const bool fails = branch.name == "seat";
    return Answer{.status = fails ? not_found("none") : Status(), .has_effect = !fails};
  };
  Trip pivots;
  pivots.set_pivots(true);
  EXPECT_EQ(run("book", pivots).status().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(world.run(stored().undo("trip-1")).to_string(), HasSubstr("past its pivot"));
  world.ledger.script = nullptr;
  const Status resumed = world.run(stored().resume("trip-1"));
  EXPECT_TRUE(resumed.ok()) << resumed;
  EXPECT_TRUE(run("book", pivots).ok());
  EXPECT_THAT(world.run(stored().resume("trip-1")).to_string(), HasSubstr("is not stuck"));
}

TEST_F(StoredSagasTest, AResumedUndoHasItsWholeTimeAgain) {
  start();
  world.ledger.script = [](int, const Branch& branch) {
    const bool fails = branch.name == "seat" || branch.action == Action::Undo;
    return Answer{.status = fails ? not_found("none") : Status(), .has_effect = !fails};
  };
  EXPECT_EQ(run("book").status().code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(saga().state, SagaState::UndoStuck);
  EXPECT_TRUE(world.run(stored().resume("trip-1")).ok());
  world.world.run_for(1min);
  EXPECT_EQ(saga().state, SagaState::Undoing);
  world.ledger.script = nullptr;
  world.world.run_for(1min);
  EXPECT_EQ(saga().state, SagaState::Undone);
}

TEST_F(StoredSagasTest, ARefusedResumeChangesNothing) {
  start();
  world.ledger.script = [](int, const Branch& branch) {
    const bool fails = branch.name == "seat" || branch.action == Action::Undo;
    return Answer{.status = fails ? not_found("none") : Status(), .has_effect = !fails};
  };
  EXPECT_THROW(static_cast<void>(run("book", {}, 1min)), weft::testing::DidNotHappen);
  EXPECT_EQ(saga().state, SagaState::Undoing);
  const auto undo_began = [&] {
    return *world.run(
        world.database->one<std::int64_t>("SELECT since FROM weft_saga_step WHERE state = 4"));
  };
  const std::int64_t before = undo_began();
  EXPECT_THAT(world.run(stored().resume("trip-1")).to_string(), HasSubstr("is not stuck"));
  EXPECT_EQ(undo_began(), before);
}

TEST_F(StoredSagasTest, AResumedSagaThatSucceededKeepsWhatItDid) {
  start();
  world.ledger.script = [](int n, const Branch& branch) {
    const bool fails = n == 1 || branch.action == Action::Undo;
    return Answer{.status = fails ? not_found("none") : Status(), .has_effect = n == 1 || !fails};
  };
  EXPECT_EQ(run("either").status().code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(saga().state, SagaState::FinishStuck);
  world.ledger.script = nullptr;
  EXPECT_TRUE(world.run(stored().resume("trip-1")).ok());
  EXPECT_EQ(run("either")->id(), "second");
  EXPECT_EQ(world.ledger.effects["trip-1/second"], 1);
  EXPECT_EQ(world.ledger.effects["trip-1/first"], 0);
}

}  // namespace
}  // namespace weft::transaction::test
