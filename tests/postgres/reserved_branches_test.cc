// Reservations in a database that runs transactions beside each other.
#include "weft/transaction/two_phase/reserved_branches.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/all.h"
#include "weft/coro/event.h"
#include "weft/transaction/internal/test_scripted_store.h"
#include "weft/transaction/two_phase/internal/work_metadata.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

using ::testing::Each;
using transaction::ReservedBranches;
using transaction::TwoPhaseBranch;
using Cents = google::protobuf::Int64Value;
using BranchesPtr = std::shared_ptr<ReservedBranches>;

Task<Status> change(sql::Transaction& tx, std::string text, std::int64_t cents) {
  co_return (co_await tx.run(text, cents)).status();
}
Task<Result<Cents>> hold(sql::Transaction& tx, const Cents& cents) {
  Status status =
      co_await change(tx, "UPDATE purse SET free = free - $1, held = held + $1", cents.value());
  if (!status.ok()) co_return status;
  co_return cents;
}
Task<Status> take(sql::Transaction& tx, const Cents& cents) {
  return change(tx, "UPDATE purse SET held = held - $1", cents.value());
}
Task<Status> let_go(sql::Transaction& tx, const Cents& cents) {
  return change(tx, "UPDATE purse SET free = free + $1, held = held - $1", cents.value());
}

Task<std::string> reserve(BranchesPtr branches, TwoPhaseBranch branch) {
  Call call(Call::Side::Server, *net::Loop::current(), "/bank.Bank/Withdraw", nullptr, nullptr);
  call.request_metadata() = transaction::internal::work_metadata(branch, 1);
  ServerContext context(call);
  Cents request;
  request.set_value(10);
  const Result<Cents> reply = co_await branches->work<Cents>("withdraw", context, request);
  co_return reply.status().to_string();
}
Task<std::string> prepare(BranchesPtr branches, TwoPhaseBranch branch) {
  const auto vote = co_await branches->prepare(branch, 1);
  co_return vote.ok() ? "prepared" : std::string(name_of(vote.status().code()));
}
std::string told(const Result<transaction::BranchEnd>& end) {
  return end.ok() ? std::string(name_of(end->outcome)) : end.status().to_string();
}
Task<std::string> commit(BranchesPtr branches, TwoPhaseBranch branch) {
  co_return told(co_await branches->commit(branch));
}
Task<std::string> abort(BranchesPtr branches, TwoPhaseBranch branch) {
  co_return told(co_await branches->abort(branch));
}

class PostgresReservations : public Postgres {
 protected:
  void SetUp() override {
    Postgres::SetUp();
    if (IsSkipped()) return;
    db_.emplace(opened());
    for (const char* text :
         {"DROP TABLE IF EXISTS weft_reservation, weft_schema, purse",
          "CREATE TABLE purse(free bigint, held bigint)", "INSERT INTO purse VALUES (100, 0)"}) {
      const Status made = run(db_->run(text)).status();
      ASSERT_TRUE(made.ok()) << made;
    }
    branches_ = *run(ReservedBranches::open(*db_));
    ASSERT_TRUE((branches_->add<Cents, Cents>("withdraw", hold, take, let_go).ok()));
  }
  void TearDown() override {
    loop.enter([this] {
      branches_.reset();
      db_.reset();
    });
  }

  TwoPhaseBranch next() { return {"t" + std::to_string(++count_), "from", "c"}; }
  std::vector<std::string> at_once(std::vector<Task<std::string>> tasks) {
    return run(weft::all(std::move(tasks)));
  }
  std::string money() {
    return *run(db_->one<std::string>("SELECT free || ' free, ' || held || ' held' FROM purse"));
  }

  std::optional<postgres::Database> db_;
  BranchesPtr branches_;
  int count_ = 0;
};

TEST_F(PostgresReservations, ADecisionThatIsToldTwiceAtOnceIsCarriedOutOnce) {
  // By the coordinator, and by who asks about what is in doubt.
  for (int round = 0; round < 5; ++round) {
    const TwoPhaseBranch taken = next();
    EXPECT_EQ(run(reserve(branches_, taken)), "OK");
    EXPECT_EQ(run(prepare(branches_, taken)), "prepared");
    std::vector<Task<std::string>> commits;
    for (int i = 0; i < 4; ++i) commits.push_back(commit(branches_, taken));
    EXPECT_THAT(at_once(std::move(commits)), Each("committed"));
    const TwoPhaseBranch left = next();
    EXPECT_EQ(run(reserve(branches_, left)), "OK");
    std::vector<Task<std::string>> aborts;
    for (int i = 0; i < 4; ++i) aborts.push_back(abort(branches_, left));
    EXPECT_THAT(at_once(std::move(aborts)), Each("aborted"));
  }
  EXPECT_EQ(money(), "50 free, 0 held");
}

/// A vote that stands still before its write, until the decision has come or waits for it.
struct Overtaking {
  postgres::Database db;
  Event votes;
  bool decided = false;

  Task<Status> stand_still() {
    votes.set();
    while (!decided) {
      const Result<std::int64_t> waiting = co_await db.one<std::int64_t>(
          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      if (!waiting.ok()) co_return waiting.status();
      if (*waiting > 0) break;
    }
    co_return ok_status();
  }
  Task<std::string> decide(BranchesPtr branches, TwoPhaseBranch branch) {
    static_cast<void>(co_await votes.wait());
    std::string said = co_await abort(std::move(branches), std::move(branch));
    decided = true;
    co_return said;
  }
};
Task<Status> go_on() { co_return ok_status(); }

TEST_F(PostgresReservations, AVoteThatTheDecisionOvertakesBindsNothing) {
  Overtaking overtaking{*db_, {}};
  auto store = std::make_shared<transaction::test::ScriptedStore>(*db_);
  store->script = [&](const sql::Statement& statement) {
    const bool votes = statement.text().starts_with("UPDATE weft_reservation");
    return votes ? overtaking.stand_still() : go_on();
  };
  BranchesPtr slow = *run(ReservedBranches::open(sql::Database(store)));
  const TwoPhaseBranch branch = next();
  EXPECT_EQ(run(reserve(branches_, branch)), "OK");
  std::vector<Task<std::string>> tasks;
  tasks.push_back(prepare(slow, branch));
  tasks.push_back(overtaking.decide(branches_, branch));
  EXPECT_EQ(at_once(std::move(tasks))[1], "aborted");
  // Whoever asks about it is told once more.
  EXPECT_EQ(run(abort(branches_, branch)), "aborted");
  EXPECT_EQ(money(), "100 free, 0 held");
  loop.enter([&] { slow.reset(); });
}

}  // namespace
}  // namespace weft::test
