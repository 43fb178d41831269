#include "weft/transaction/saga/saga.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/any.h"
#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Task<Result<Booking>> book_in_time(Saga& saga, const Trip&) {
  auto room = co_await weft::any(
      saga.sleep_until(sql::Timestamp(1000s) + 60s),
      saga.step("room", hotel.Reserve(booking("room"))).undo(hotel.Cancel(booking("room"))).run());
  if (room.index() == 1) co_return std::get<1>(room);
  co_await saga.sleep_until(sql::Timestamp(1000s) + 120s);
  co_return booking("none");
}

class SagaTest : public ::testing::Test {
 protected:
  void start(SagasOptions options) {
    sagas_.sagas.emplace(std::move(options));
    ASSERT_TRUE(sagas_.sagas->add("book", book).ok());
    ASSERT_TRUE(sagas_.sagas->add("both", book_both).ok());
    ASSERT_TRUE(sagas_.sagas->add("either", book_either).ok());
    ASSERT_TRUE(sagas_.sagas->add("in-time", book_in_time).ok());
    const Status status = sagas_.run(sagas_.sagas->start());
    ASSERT_TRUE(status.ok()) << status;
  }
  void start() { start(sagas_.saga_options()); }
  Result<Booking> run(std::string_view name, std::string_view id, const Trip& trip,
                      Duration limit = 1h) {
    return sagas_.run(sagas_.sagas->run<Booking>(name, id, trip), limit);
  }
  Trip trip(std::string who) {
    Trip trip;
    trip.set_who(std::move(who));
    return trip;
  }
  /// The n-th call ends so, all others well.
  void answer(int at, Answer with) {
    sagas_.ledger.script = [at, with](int n, const Branch&) { return n == at ? with : Answer(); };
  }

  TravelWorld sagas_;
  Ledger& ledger = sagas_.ledger;
};

TEST_F(SagaTest, RunsItsStepsWithResultsAsInputs) {
  start();
  const Result<Booking> seat = run("book", "trip-1", trip("ann"));
  ASSERT_TRUE(seat.ok()) << seat.status();
  EXPECT_EQ(seat->id(), "seat by room of ann");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do"));
  EXPECT_EQ(sagas_.sagas->running(), 0U);
}

TEST_F(SagaTest, TheSameIdIsTheSameSaga) {
  start();
  EXPECT_TRUE(run("book", "trip-1", trip("ann")).ok());
  EXPECT_TRUE(run("book", "trip-1", trip("ann")).ok());
  EXPECT_EQ(ledger.order.size(), 2U);
  EXPECT_EQ(run("book", "trip-1", trip("bob")).status().to_string(),
            "ALREADY_EXISTS: there is a saga \"trip-1\" of \"book\" with another input");
}

TEST_F(SagaTest, ADefiniteErrorUndoesInReverse) {
  answer(2, {.status = failed_precondition("full"), .has_effect = false});
  start();
  EXPECT_EQ(run("book", "trip-1", trip("ann")).status().to_string(), "FAILED_PRECONDITION: full");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
}

TEST_F(SagaTest, KeepsErrorsThatAreNoText) {
  const std::string details("\x08\x09\x00\xff", 4);
  const Status full = failed_precondition("full \xff").with_details(details);
  answer(2, {.status = full, .has_effect = false});
  start();
  static_cast<void>(run("book", "trip-1", trip("ann")));
  const Status again = run("book", "trip-1", trip("ann")).status();
  EXPECT_EQ(again, full);
  EXPECT_EQ(again.details(), details);
}

TEST_F(SagaTest, AStepThatTheDatabaseRefusesWaitsForAPerson) {
  sagas_.script_store([](const sql::Statement& statement) -> Task<Status> {
    const bool is_step = statement.text().starts_with("INSERT INTO weft_saga_step");
    if (is_step) co_return invalid_argument("no text");
    co_return ok_status();
  });
  start();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(
        run("book", "trip-1", trip("ann")).status().to_string(),
        HasSubstr("waits for a person: the database refuses it: INVALID_ARGUMENT: no text"));
  }
  EXPECT_THAT(ledger.order, ElementsAre());
}

TEST_F(SagaTest, SendsAnUnknownStepAgain) {
  answer(1, {.status = unavailable("the answer was lost"), .has_effect = true});
  start();
  EXPECT_TRUE(run("book", "trip-1", trip("ann")).ok());
  EXPECT_EQ(ledger.calls, 3);
  EXPECT_EQ(ledger.order.size(), 2U);
}

TEST_F(SagaTest, SendsAnAbortedStepAgain) {
  answer(1, {.status = aborted("another transaction came first"), .has_effect = false});
  start();
  EXPECT_TRUE(run("book", "trip-1", trip("ann")).ok());
  EXPECT_EQ(ledger.calls, 3);
}

TEST_F(SagaTest, UndoesAStepThatMayHaveHappened) {
  ledger.script = [](int n, const Branch&) {
    if (n == 2) return Answer{.status = unavailable("lost"), .has_effect = true};
    if (n == 3) return Answer{.status = not_found("gone"), .has_effect = false};
    return Answer();
  };
  start();
  EXPECT_EQ(run("book", "trip-1", trip("ann")).status().code(), StatusCode::NotFound);
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do", "trip-1/seat/undo",
                                        "trip-1/room/undo"));
}

TEST_F(SagaTest, UndoesAStepThatFailed) {
  answer(2, {.status = failed_precondition("full"), .has_effect = true});
  start();
  EXPECT_EQ(run("book", "trip-1", trip("ann")).status().to_string(), "FAILED_PRECONDITION: full");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do", "trip-1/seat/undo",
                                        "trip-1/room/undo"));
}

TEST_F(SagaTest, UndoesWhatItWentOnWithout) {
  answer(1, {.status = failed_precondition("full"), .has_effect = true});
  start();
  const Result<Booking> room = run("either", "trip-1", trip("ann"));
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(room->id(), "second");
  EXPECT_THAT(ledger.order,
              ElementsAre("trip-1/first/do", "trip-1/second/do", "trip-1/first/undo"));
}

TEST_F(SagaTest, AStepThatIsLeftIsUndone) {
  ledger.script = [](int, const Branch& branch) {
    return branch.action == Action::Do ? Answer{.status = unavailable("lost"), .has_effect = true}
                                       : Answer();
  };
  start();
  EXPECT_EQ(run("in-time", "trip-1", trip("ann"))->id(), "none");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
  EXPECT_LT(ledger.calls, 100);
}

TEST_F(SagaTest, AStepThatIsLeftStaysSoAfterACrash) {
  answer(1, {.status = unavailable("lost"), .has_effect = true});
  SagasOptions options = sagas_.saga_options();
  options.first_pause = options.longest_pause = 10min;
  start(std::move(options));
  EXPECT_THROW(static_cast<void>(run("in-time", "trip-1", trip("ann"), 90s)),
               weft::testing::DidNotHappen);
  sagas_.crash();
  sagas_.open();
  start();
  EXPECT_EQ(run("in-time", "trip-1", trip("ann"))->id(), "none");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
}

TEST_F(SagaTest, AStepInTimeIsKept) {
  start();
  EXPECT_EQ(run("in-time", "trip-1", trip("ann"))->id(), "room");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do"));
}

TEST_F(SagaTest, UndoesWhatItWentOnWithoutAfterACrash) {
  ledger.script = [](int n, const Branch& branch) {
    const Status status = branch.action == Action::Undo ? unavailable("away") : Status();
    return Answer{.status = n == 1 ? failed_precondition("full") : status,
                  .has_effect = n == 1 || status.ok()};
  };
  start();
  EXPECT_THROW(static_cast<void>(run("either", "trip-1", trip("ann"), 10s)),
               weft::testing::DidNotHappen);
  sagas_.crash();
  ledger.script = nullptr;
  sagas_.open();
  start();
  EXPECT_EQ(run("either", "trip-1", trip("ann"))->id(), "second");
  EXPECT_THAT(ledger.order,
              ElementsAre("trip-1/first/do", "trip-1/second/do", "trip-1/first/undo"));
}

TEST_F(SagaTest, RunsStepsAtTheSameTime) {
  start();
  EXPECT_TRUE(run("both", "trip-1", trip("ann")).ok());
  EXPECT_EQ(ledger.order.size(), 2U);
}

TEST_F(SagaTest, UndoesParallelStepsWhereOneFails) {
  for (const char* failing : {"room", "seat"}) {
    ledger.script = [failing](int, const Branch& branch) {
      const bool fails = branch.name == failing && branch.action == Action::Do;
      return fails ? Answer{.status = not_found("none"), .has_effect = false} : Answer();
    };
    start();
    const std::string id = std::string("no-") + failing;
    EXPECT_EQ(run("both", id, trip("ann")).status().code(), StatusCode::Aborted);
    for (const char* step : {"room", "seat"}) EXPECT_EQ(ledger.effects[id + "/" + step], 0);
    EXPECT_EQ(ledger.order.size(), 2U) << "the other one was taken and given back";
    ledger.order.clear();
  }
}

TEST_F(SagaTest, AFailureAfterThePivotWaitsForAPerson) {
  answer(2, {.status = failed_precondition("full"), .has_effect = false});
  start();
  Trip pivots = trip("ann");
  pivots.set_pivots(true);
  const Status status = run("book", "trip-1", pivots).status();
  EXPECT_THAT(status.to_string(), HasSubstr("step \"seat\" failed after the pivot"));
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do"));
}

TEST_F(SagaTest, AnUndoThatFailsForLongWaitsForAPerson) {
  ledger.script = [](int n, const Branch& branch) {
    if (n == 2 || branch.action == Action::Undo) {
      return Answer{.status = failed_precondition("no"), .has_effect = false};
    }
    return Answer();
  };
  SagasOptions options = sagas_.saga_options();
  options.undo_for = 2min;
  start(std::move(options));
  EXPECT_THAT(run("book", "trip-1", trip("ann"), 3h).status().to_string(),
              HasSubstr("waits for a person: the undo of step \"seat\": no"));
}

TEST_F(SagaTest, ACrashDoesNotProlongAnUndo) {
  ledger.script = [](int n, const Branch&) {
    return Answer{.status = n == 1 ? Status() : failed_precondition("no"), .has_effect = false};
  };
  const auto options = [this] {
    SagasOptions options = sagas_.saga_options();
    options.undo_for = 10min;
    return options;
  };
  start(options());
  EXPECT_THROW(static_cast<void>(run("book", "trip-1", trip("ann"), 8min)),
               weft::testing::DidNotHappen);
  sagas_.crash();
  sagas_.open();
  start(options());
  sagas_.world.run_for(5min);
  EXPECT_EQ(*sagas_.run(sagas_.database->one<int>("SELECT state FROM weft_saga")), 5);
}

TEST_F(SagaTest, GoesOnAfterACrashInItsSleep) {
  start();
  Trip slow = trip("ann");
  slow.set_pause_seconds(600);
  EXPECT_THROW(static_cast<void>(run("book", "trip-1", slow, 10s)), weft::testing::DidNotHappen);
  sagas_.crash();
  sagas_.open();
  start();
  sagas_.world.run_for(2min);
  EXPECT_EQ(sagas_.sagas->running(), 1U);
  sagas_.world.run_for(15min);
  EXPECT_EQ(sagas_.sagas->running(), 0U);
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do"));
}

TEST_F(SagaTest, TwoRunsGetTheSameAnswer) {
  start();
  const auto twice = [](Sagas& sagas, Trip trip) -> Task<std::string> {
    auto [first, second] = co_await weft::all(sagas.run<Booking>("book", "trip-1", trip),
                                              sagas.run<Booking>("book", "trip-1", trip));
    co_return first->id() + ", " + second->id();
  };
  EXPECT_EQ(sagas_.run(twice(*sagas_.sagas, trip("ann"))),
            "seat by room of ann, seat by room of ann");
  EXPECT_EQ(ledger.order.size(), 2U);
}

TEST_F(SagaTest, DestroyingSagasEndsTheirRuns) {
  start();
  Trip slow = trip("ann");
  slow.set_pause_seconds(600);
  std::vector<Task<Result<Booking>>> runs;
  for (int i = 0; i < 2; ++i) runs.push_back(sagas_.sagas->run<Booking>("book", "trip-1", slow));
  auto& host = sagas_.world.client_host();
  host.enter([&] {
    for (auto& run : runs) run.start(nullptr, {.function = [](void*) noexcept {}});
  });
  sagas_.world.run_for(10s);
  host.enter([&] { sagas_.sagas.reset(); });
  sagas_.world.run_for(10s);
  for (auto& run : runs) {
    ASSERT_TRUE(run.done());
    EXPECT_EQ(run.take().status().to_string(), "CANCELLED: what it runs on was destroyed");
  }
}

TEST_F(SagaTest, AClaimWhoseCallerIsGoneIsPlaced) {
  start();
  Trip slow = trip("ann");
  slow.set_pause_seconds(600);
  EXPECT_THROW(static_cast<void>(run("book", "trip-1", slow, 10s)), weft::testing::DidNotHappen);
  sagas_.crash();
  sagas_.open();
  sagas_.world.run_for(2min);
  sagas_.script_store([](const sql::Statement& statement) -> Task<Status> {
    if (!statement.text().starts_with("UPDATE weft_saga SET epoch")) co_return ok_status();
    co_return co_await net::sleep(5s);
  });
  sagas_.sagas.emplace(sagas_.saga_options());
  ASSERT_TRUE(sagas_.sagas->add("book", book).ok());
  // Without start(): nothing but this run() takes it over, and leaves before it has.
  EXPECT_THROW(static_cast<void>(run("book", "trip-1", slow, 1s)), weft::testing::DidNotHappen);
  sagas_.world.run_for(10s);
  EXPECT_EQ(sagas_.sagas->running(), 1U);
}

TEST_F(SagaTest, ALookUpThatThrowsIsTriedAgain) {
  SagasOptions options = sagas_.saga_options();
  int calls = 0;
  options.find = [&calls, find = options.find](std::string_view name) {
    if (++calls % 2 == 1) throw std::runtime_error("no registry");
    return find(name);
  };
  answer(2, {.status = failed_precondition("full"), .has_effect = false});
  start(std::move(options));
  EXPECT_EQ(run("book", "trip-1", trip("ann")).status().to_string(), "FAILED_PRECONDITION: full");
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
}

/// A store that gives no leases.
Task<Status> refuse_leases(const sql::Statement& statement) {
  const std::string& text = statement.text();
  const bool is_lease = text.starts_with("UPDATE weft_saga SET lease_until") ||
                        text.starts_with("UPDATE weft_saga SET epoch");
  if (is_lease) co_return unavailable("no database");
  co_return ok_status();
}

TEST_F(SagaTest, AnOwnerWithoutItsLeaseCallsNoMore) {
  for (const bool undoes : {false, true}) {
    SCOPED_TRACE(undoes ? "in an undo" : "in a step");
    TravelWorld world;
    world.ledger.script = [undoes](int, const Branch& branch) {
      const bool fails = undoes && branch.action == Action::Do;
      return Answer{.status = fails ? not_found("none") : unavailable("away"), .has_effect = false};
    };
    world.script_store(refuse_leases);
    SagasOptions options = world.saga_options();
    options.longest_pause = 1s;
    TimePoint last{};
    options.find = [&world, &last, find = options.find](std::string_view name) {
      last = world.world.now();
      return find(name);
    };
    world.sagas.emplace(std::move(options));
    ASSERT_TRUE(world.sagas->add("book", book).ok());
    ASSERT_TRUE(world.run(world.sagas->start()).ok());
    const TimePoint begun = world.world.now();
    EXPECT_EQ(
        world.run(world.sagas->run<Booking>("book", "trip-1", trip("ann"))).status().to_string(),
        "UNAVAILABLE: no database");
    world.world.run_for(10min);
    EXPECT_LT(last - begun, 1min);
    EXPECT_EQ(world.sagas->running(), 0U);
    world.crash();
  }
}

TEST_F(SagaTest, ASleepTooManyWaitsForAPerson) {
  SagasOptions options = sagas_.saga_options();
  options.max_steps = 1;
  start(std::move(options));
  Trip slow = trip("ann");
  slow.set_pause_seconds(60);
  EXPECT_THAT(run("book", "trip-1", slow).status().to_string(),
              HasSubstr("more than the 1 steps and sleeps of SagasOptions::max_steps"));
}

TEST_F(SagaTest, LimitsAreNamed) {
  SagasOptions options = sagas_.saga_options();
  options.max_input = 10;
  options.max_steps = 1;
  options.max_request = 20;
  start(std::move(options));
  EXPECT_THAT(run("book", "t", trip(std::string(50, 'x'))).status().to_string(),
              HasSubstr("more than the 10 of SagasOptions::max_input"));
  EXPECT_THAT(run("book", "t2", trip("1234567")).status().to_string(),
              HasSubstr("1 steps and sleeps of SagasOptions::max_steps"));
  EXPECT_THAT(run("book", "a/b", trip("x")).status().to_string(), HasSubstr("the saga's id"));
  EXPECT_THAT(run("walk", "t3", trip("x")).status().to_string(),
              HasSubstr("no saga \"walk\" was added"));
}

TEST_F(SagaTest, RefusesAStepWhoseKeyIsTooLong) {
  start();
  const std::string longest(255 - std::string("/room/undo").size(), 'i');
  EXPECT_TRUE(run("book", longest, trip("ann")).ok());
  EXPECT_THAT(run("book", longest + "i", trip("ann")).status().to_string(),
              HasSubstr("the undo of step \"room\" has 256 characters, more than the 255"));
  EXPECT_EQ(*sagas_.run(sagas_.database->one<int>("SELECT count(*) FROM weft_saga_step")), 2);
}

TEST_F(SagaTest, RefusesTablesOfANewerProgram) {
  start();
  ASSERT_TRUE(
      sagas_.run(sagas_.database->run("UPDATE weft_schema SET version = 2 WHERE part = 'sagas'"))
          .ok());
  sagas_.sagas.emplace(sagas_.saga_options());
  EXPECT_EQ(sagas_.run(sagas_.sagas->start()).to_string(),
            "FAILED_PRECONDITION: weft's tables: written by a newer program: weft's tables "
            "\"sagas\" have version 2, this program knows 1");
}

/// A saga whose disk loses power in write `n`, and that goes on afterwards. Whether the run came to
/// that write.
bool crashes_at(std::uint64_t n, bool fails) {
  SCOPED_TRACE("write " + std::to_string(n) + (fails ? ", second step fails" : ""));
  TravelWorld world(n);
  weft::testing::SqliteDisk& disk = world.disk;
  if (fails) {
    world.ledger.script = [](int, const Branch& branch) {
      return branch.name == "seat" && branch.action == Action::Do
                 ? Answer{.status = failed_precondition("full"), .has_effect = false}
                 : Answer();
    };
  }
  const auto start = [&] {
    world.sagas.emplace(world.saga_options());
    EXPECT_TRUE(world.sagas->add("book", book).ok());
    EXPECT_TRUE(world.run(world.sagas->start()).ok());
  };
  Trip trip;
  trip.set_who("ann");
  start();
  disk.stop_at(n);
  try {
    static_cast<void>(world.run(world.sagas->run<Booking>("book", "trip-1", trip), 5s));
  } catch (const weft::testing::DidNotHappen&) {
  }
  const bool stopped = disk.is_stopped();
  world.crash();
  disk.restart();
  world.open();
  start();
  const Result<Booking> end = world.run(world.sagas->run<Booking>("book", "trip-1", trip));
  EXPECT_EQ(end.status().code(), fails ? StatusCode::FailedPrecondition : StatusCode::Ok)
      << end.status();
  for (const auto& [name, value] : world.ledger.effects) EXPECT_EQ(value, fails ? 0 : 1) << name;
  EXPECT_EQ(world.ledger.order.size(), 2U);
  EXPECT_EQ(*world.run(world.database->one<int>("SELECT count(*) FROM weft_saga WHERE state < 6")),
            0);
  world.crash();
  return stopped;
}

TEST(SagaCrash, EndsAllOrNothingAtEveryWrite) {
  for (const bool fails : {false, true}) {
    std::uint64_t n = 1;
    while (crashes_at(n, fails)) ++n;
    EXPECT_GT(n, 6U) << "the run writes more than that";
  }
}

TEST(SagaCrash, ASagaCostsStepsAndOneSyncs) {
  TravelWorld world;
  const weft::testing::SqliteDisk& disk = world.disk;
  world.sagas.emplace(world.saga_options());
  ASSERT_TRUE(world.sagas->add("book", book).ok());
  ASSERT_TRUE(world.run(world.sagas->start()).ok());
  const std::uint64_t before = disk.syncs();
  ASSERT_TRUE(world.run(world.sagas->run<Booking>("book", "trip-1", Trip())).ok());
  EXPECT_LE(disk.syncs() - before, 3U);
  world.crash();
}

}  // namespace
}  // namespace weft::transaction::test
