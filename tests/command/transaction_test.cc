#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/transaction/two_phase/two_phase_coordinator.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

/// The tables of a coordinator with a heuristic outcome.
Task<Status> fill(std::string file) {
  Result<sqlite::Database> database = co_await sqlite::open(std::move(file));
  if (!database.ok()) co_return database.status();
  transaction::TwoPhaseOptions options(*database);
  options.find = [](std::string_view) { return nullptr; };
  transaction::TwoPhaseCoordinator coordinator(std::move(options));
  Status status = co_await coordinator.start();
  if (!status.ok()) co_return status;
  co_return (co_await database->run(
                 "INSERT INTO weft_global_transaction VALUES ('t1', 'c', 'c', 1, 2, "
                 "'committed from bank-a' || char(10) || 'aborted to bank-b' || char(10), "
                 "CAST('to: by hand' || char(10) AS BLOB), 0)"))
      .status();
}

class WeftTransaction : public ::testing::Test {
 public:
  void SetUp() override {
    net::AsioLoop loop;
    const Status status = weft::testing::run(loop, fill(file));
    ASSERT_TRUE(status.ok()) << status;
  }
  Ended weft(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "transaction");
    return run_weft(arguments);
  }

  const testing::Folder folder;
  const std::string file = folder.file("office.db");
};

TEST_F(WeftTransaction, ListsWhatWaitsForAPerson) {
  const Ended listed = weft({"list", file});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("t1           heuristic  commit    1970-01-01"));
  EXPECT_THAT(listed.out, HasSubstr("to      aborted    bank-b       -"));
  EXPECT_THAT(weft({"list", file, "--json"}).out,
              HasSubstr(R"("branches":[{"name":"from","participant":"bank-a","outcome":"commit)"));
  EXPECT_EQ(weft({"list", file, "--closed"}).err, "no such transactions\n");
}

TEST_F(WeftTransaction, ResolvesOnceWithANote) {
  EXPECT_NE(weft({"resolve", file, "t1"}).status, 0);
  const Ended resolved = weft({"resolve", file, "t1", "--note", "booked by hand"});
  EXPECT_EQ(resolved.status, 0) << resolved.err;
  EXPECT_EQ(weft({"list", file}).err, "no such transactions\n");
  EXPECT_THAT(weft({"list", file, "--closed", "--json"}).out,
              HasSubstr(R"("note":"to: by hand\u000aresolved: booked by hand\u000a")"));
  EXPECT_THAT(weft({"resolve", file, "t1", "--note", "again"}).err, HasSubstr("closed already"));
  EXPECT_THAT(weft({"resolve", file, "t2", "--note", "x"}).err,
              HasSubstr("there is no record of a transaction \"t2\""));
}

TEST_F(WeftTransaction, SaysWhatIsWrongWithAStore) {
  EXPECT_THAT(weft({"list", folder.file("none.db")}).err, HasSubstr("there is no such file"));
  EXPECT_EQ(weft({"in-doubt", file}).err, "no branch is in doubt\n");
}

}  // namespace
}  // namespace weft::test
