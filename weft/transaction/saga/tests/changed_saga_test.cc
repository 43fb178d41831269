// A saga that another version of its code began.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Task<Result<Booking>> book_suite(Saga& saga, const Trip& trip) {
  auto room = co_await saga.step("room", hotel.Reserve(booking("suite of " + trip.who())));
  if (!room.ok()) co_return room.status();
  co_return *room;
}

/// book() with other names.
Task<Result<Booking>> book_renamed(Saga& saga, const Trip& trip) {
  auto room = co_await saga.step("chamber", hotel.Reserve(booking("room of " + trip.who())));
  if (!room.ok()) co_return room.status();
  co_return *room;
}

/// book() with an earlier sleep.
Task<Result<Booking>> book_after_a_nap(Saga& saga, const Trip& trip) {
  auto room = co_await saga.step("room", hotel.Reserve(booking("room of " + trip.who())))
                  .undo(hotel.Cancel(booking("room of " + trip.who())));
  if (!room.ok()) co_return room.status();
  co_await saga.sleep_until(sql::Timestamp(1000s) + 400s);
  co_await saga.sleep_until(sql::Timestamp(1000s) + 600s);
  co_return *room;
}

class ChangedSaga : public ::testing::Test {
 protected:
  ChangedSaga() { trip_.set_who("ann"); }
  /// Crashes while book() sleeps for `pause` behind its first step, and starts with `code` instead.
  void begin_and_change(std::chrono::seconds pause,
                        Task<Result<Booking>> (*code)(Saga&, const Trip&)) {
    trip_.set_pause_seconds(static_cast<int>(pause.count()));
    start(book);
    EXPECT_THROW(static_cast<void>(run(10s)), weft::testing::DidNotHappen);
    sagas_.crash();
    sagas_.open();
    start(code);
  }
  Result<Booking> run(Duration limit = 1h) {
    return sagas_.run(sagas_.sagas->run<Booking>("book", "trip-1", trip_), limit);
  }

  TravelWorld sagas_;

 private:
  void start(Task<Result<Booking>> (*code)(Saga&, const Trip&)) {
    sagas_.sagas.emplace(sagas_.saga_options());
    ASSERT_TRUE(sagas_.sagas->add("book", code).ok());
    ASSERT_TRUE(sagas_.run(sagas_.sagas->start()).ok());
  }
  Trip trip_;
};

TEST_F(ChangedSaga, WithAnotherStepWaitsForAPerson) {
  begin_and_change(60s, book_suite);
  EXPECT_THAT(run().status().to_string(), HasSubstr("step \"room\" has changed since it ran"));
}

TEST_F(ChangedSaga, WithoutAStepWaitsForAPerson) {
  begin_and_change(60s, book_renamed);
  EXPECT_THAT(run().status().to_string(),
              HasSubstr("step \"room\" ran as /weft.test.travel.Hotel/Reserve, and the code does "
                        "not come to it"));
}

TEST_F(ChangedSaga, KeepsTheTimeOfASleepBehindANewOne) {
  begin_and_change(600s, book_after_a_nap);
  ASSERT_TRUE(run().ok());
  const auto sleeps = sagas_.run(sagas_.database->all<std::string>(
      "SELECT name FROM weft_saga_step WHERE kind = 2 ORDER BY due"));
  ASSERT_TRUE(sleeps.ok()) << sleeps.status();
  EXPECT_EQ(sleeps->size(), 2U);
}

}  // namespace
}  // namespace weft::transaction::test
