// Two processes and one saga: the lease of the first passes while it is still at work.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Task<Status> stand_still() {
  static_cast<void>(co_await net::sleep(10min));
  co_return ok_status();
}
Task<Status> end_with(Status status) { co_return status; }

class SagaOwners : public ::testing::Test {
 protected:
  /// Starts two processes. The first stands still in its n-th statement that begins with `text`:
  /// that comes 10 minutes later, and no lease is renewed meanwhile.
  void start_both(std::string text, int n) {
    SagasOptions options = world.saga_options();
    start(second_, std::move(options));
    world.script_store([this, text, n](const sql::Statement& statement) {
      if (statement.text().starts_with(text) && ++seen_ == n) return stand_still();
      const bool renews = statement.text().starts_with("UPDATE weft_saga SET lease");
      return end_with(renews && seen_ >= n ? unavailable("it stands still") : Status());
    });
    start(world.sagas, world.saga_options());
  }
  void TearDown() override {
    world.world.client_host().enter([this] { second_.reset(); });
    world.crash();
  }
  /// Of the saga, and of its steps by their names.
  std::vector<std::string> states() {
    const auto rows = world.run(world.database->all<std::string>(
        "SELECT 'saga ' || state || ' ' || epoch FROM weft_saga UNION ALL "
        "SELECT name || ' ' || state FROM weft_saga_step ORDER BY 1"));
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *rows;
  }
  /// Runs a saga in the first process, past its end in the second and the first's return.
  Result<Booking> book_in_first(const Trip& trip = {}) {
    return world.run(world.sagas->run<Booking>("book", "trip-1", trip));
  }
  Task<Result<Booking>> book_in_second() { return second_->run<Booking>("book", "trip-1", Trip()); }

  TravelWorld world;
  Ledger& ledger = world.ledger;

 private:
  void start(std::optional<Sagas>& sagas, SagasOptions options) {
    sagas.emplace(std::move(options));
    ASSERT_TRUE(sagas->add("book", book).ok());
    const Status status = world.run(sagas->start());
    ASSERT_TRUE(status.ok()) << status;
  }

  std::optional<Sagas> second_;
  int seen_ = 0;
};

TEST_F(SagaOwners, ALateOutcomeOfAStepIsNotWritten) {
  start_both("INSERT INTO weft_saga_step", 2);
  const Result<Booking> seat = book_in_first();
  EXPECT_TRUE(seat.ok()) << seat.status();
  EXPECT_THAT(states(), ElementsAre("room 2", "saga 6 2", "seat 2"));
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do"));
}

TEST_F(SagaOwners, ALateDecisionIsNotWritten) {
  // For the first the seat fails behind the pivot, which a person has to look at.
  ledger.script = [](int n, const Branch&) {
    return Answer{.status = n == 2 ? not_found("none") : Status(), .has_effect = n != 2};
  };
  start_both("BEGIN", 3);
  Trip trip;
  trip.set_pivots(true);
  const Result<Booking> seat = book_in_first(trip);
  EXPECT_TRUE(seat.ok()) << seat.status();
  EXPECT_THAT(states(), ElementsAre("/pivot 1", "room 2", "saga 6 2", "seat 2"));
  EXPECT_THAT(ledger.order, ElementsAre("trip-1/room/do", "trip-1/seat/do"));
}

TEST_F(SagaOwners, ALateStartIsTheSecondsSaga) {
  start_both("BEGIN", 2);
  const auto both = [](Task<Result<Booking>> one,
                       Task<Result<Booking>> other) -> Task<std::string> {
    auto [first, second] = co_await weft::all(std::move(one), std::move(other));
    co_return first->id() + ", " + second->id();
  };
  EXPECT_EQ(world.run(both(world.sagas->run<Booking>("book", "trip-1", Trip()), book_in_second())),
            "seat by room of , seat by room of ");
  EXPECT_THAT(states(), ElementsAre("room 2", "saga 6 1", "seat 2"));
  EXPECT_EQ(ledger.order.size(), 2U);
}

}  // namespace
}  // namespace weft::transaction::test
