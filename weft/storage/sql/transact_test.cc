#include "weft/storage/sql/transact.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sql/internal/test_driver.h"
#include "weft/testing/run.h"

namespace weft::sql {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Status conflict() {
  return error_status(
      {.database = "test", .sqlstate = "40001", .native = "", .constraint = "", .position = ""},
      "could not serialize");
}

Task<Status> counts(Transaction&, int* runs, Status outcome) {
  ++*runs;
  co_return outcome;
}

Task<Result<std::string>> answers(Transaction&, std::string text) {
  text += "!";  // its own copy in each attempt
  co_return text;
}

class Transact : public ::testing::Test {
 protected:
  net::SimNetwork network{1};
  net::SimLoop& host = network.host("client");
  std::shared_ptr<test::ScriptedDriver> driver = std::make_shared<test::ScriptedDriver>();
  Database db{driver};
  int runs = 0;
};

TEST_F(Transact, CommitsWhatSucceeds) {
  EXPECT_TRUE(weft::testing::run(host, transact(db, counts, &runs, Status())).ok());
  EXPECT_THAT(driver->done, ElementsAre("BEGIN", "COMMIT"));
}

TEST_F(Transact, RollsBackWhatFails) {
  const Status status =
      weft::testing::run(host, transact(db, counts, &runs, not_found("no account")));
  EXPECT_EQ(status, not_found("no account"));
  EXPECT_THAT(driver->done, ElementsAre("BEGIN", "ROLLBACK"));
}

TEST_F(Transact, RepeatsASerializationFailureAfterAPause) {
  driver->commits = {conflict(), conflict()};
  const TimePoint begun = host.now();
  const Result<std::string> text =
      weft::testing::run(host, transact(db, answers, std::string("done")));
  EXPECT_EQ(*text, "done!");
  EXPECT_THAT(driver->done, ElementsAre("BEGIN", "COMMIT", "BEGIN", "COMMIT", "BEGIN", "COMMIT"));
  EXPECT_GE(host.now() - begun, 7500us);  // half of 5 ms and half of 10 ms
  EXPECT_LE(host.now() - begun, 15ms);
}

TEST_F(Transact, RepeatsWhenTheFunctionSawTheConflict) {
  TransactOptions three;
  three.attempts = 3;
  const Status status = weft::testing::run(host, transact(db, three, counts, &runs, conflict()));
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(status.to_string(), "ABORTED: in each of 3 attempts: could not serialize");
  EXPECT_EQ(error_detail(status)->sqlstate, "40001");
}

TEST_F(Transact, DoesNotRepeatAnUnknownOutcome) {
  driver->commits = {error_status(
      {.database = "test", .sqlstate = "08007", .native = "", .constraint = "", .position = ""},
      "lost")};
  EXPECT_EQ(weft::testing::run(host, transact(db, counts, &runs, Status())).code(),
            StatusCode::Unknown);
  EXPECT_EQ(runs, 1);
}

TEST_F(Transact, EndsWithTheDeadline) {
  Context context;
  context.limit_deadline(host.now() + 1s);
  TransactOptions patient;
  patient.attempts = 1000;
  patient.pause = patient.most = 100ms;
  const Status status =
      weft::testing::run(host, transact(db, patient, counts, &runs, conflict()), 1h, &context);
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
}

Task<Status> uses_an_ended_transaction(Database db) {
  Result<Transaction> tx = co_await db.begin();
  static_cast<void>(co_await tx->commit());
  const Result<Rows> rows = co_await tx->run("SELECT 1");
  EXPECT_EQ(rows.status(), failed_precondition("the transaction has ended"));
  co_return co_await tx->commit();
}

TEST_F(Transact, RefusesWhatComesAfterTheEnd) {
  EXPECT_EQ(weft::testing::run(host, uses_an_ended_transaction(db)),
            failed_precondition("the transaction has ended"));
}

Task<Status> drops_a_transaction(Database db) {
  { const Result<Transaction> tx = co_await db.begin(); }
  co_return Status();
}

TEST_F(Transact, ADroppedTransactionIsRolledBack) {
  EXPECT_TRUE(weft::testing::run(host, drops_a_transaction(db)).ok());
  EXPECT_THAT(driver->done, ElementsAre("BEGIN", "dropped"));
}

}  // namespace
}  // namespace weft::sql
