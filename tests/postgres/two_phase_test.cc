// Two-phase commit over a real PostgreSQL: banks and coordinators that are killed and frozen.
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "weft/base/rng.h"
#include "weft/coro/all.h"
#include "weft/testing/folder.h"

#include "tests/postgres/bank.h"
#include "tests/postgres/child_process.h"
#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

/// A transfer that was cut, and how that ended for who made it.
struct Cut {
  std::string id;
  std::string end;
};

class TwoPhase : public Postgres {
 protected:
  void SetUp() override {
    Postgres::SetUp();
    if (IsSkipped()) return;
    postgres::Database admin = opened(one_connection());
    for (const std::string name : kDatabases) {
      static_cast<void>(run(admin.run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")));
      const Status made = run(admin.run("CREATE DATABASE " + name)).status();
      ASSERT_TRUE(made.ok()) << made;
    }
    connect();
    for (postgres::Database* bank : {&a(), &b()}) {
      execute(*bank, "CREATE TABLE account(id text PRIMARY KEY, cents bigint NOT NULL)");
    }
  }
  void TearDown() override {
    loop.enter([this] {
      bank_a_.reset();
      bank_b_.reset();
      office_.reset();
      databases_.clear();
    });
  }

  static constexpr std::array<const char*, 3> kDatabases = {"bank_a", "bank_b", "office"};
  /// The test's own connections.
  void connect() {
    loop.enter([this] { databases_.clear(); });
    for (const char* name : kDatabases) databases_.push_back(opened(of(name), one_connection()));
  }
  postgres::Database& a() { return databases_[0]; }
  postgres::Database& b() { return databases_[1]; }
  static std::string of(const std::string& database) {
    std::string text = server().connection_string();
    return text.replace(text.find("dbname=postgres"), 15, "dbname=" + database);
  }
  std::string address(const std::string& name) { return "unix:" + sockets_.file(name); }
  void execute(postgres::Database& database, const std::string& text) {
    const Status status = run(database.run(text)).status();
    ASSERT_TRUE(status.ok()) << status;
  }
  void add_account(const std::string& id) {
    for (postgres::Database* bank : {&a(), &b()}) {
      execute(*bank, "INSERT INTO account VALUES ('" + id + "', 1000)");
    }
  }
  /// The first bank's, in the middle of a vote.
  void make_votes_slow() {
    execute(a(),
            "CREATE FUNCTION wait() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(0.3); "
            "RETURN NEW; END' LANGUAGE plpgsql");
    execute(a(),
            "CREATE TRIGGER slow BEFORE INSERT ON weft_committed_branch FOR EACH ROW EXECUTE "
            "FUNCTION wait()");
  }
  std::int64_t cents(postgres::Database& bank, const std::string& id) {
    return *run(bank.one<std::int64_t>("SELECT cents FROM account WHERE id = $1", id));
  }

  void open_office() {
    auto opened = run(OfficeNode::open(of("office"), address("office")));
    ASSERT_TRUE(opened.ok()) << opened.status();
    office_ = *std::move(opened);
  }
  void open_bank(std::unique_ptr<BankNode>& bank, const std::string& database,
                 std::vector<std::string> addresses) {
    auto opened = run(BankNode::open(of(database), std::move(addresses), address("office")));
    ASSERT_TRUE(opened.ok()) << opened.status();
    bank = *std::move(opened);
  }
  void open_all() {
    open_office();
    open_bank(bank_a_, "bank_a", {address("a")});
    open_bank(bank_b_, "bank_b", {address("b")});
  }
  Status transfer(const std::string& id, std::int64_t cents) {
    return run(office_->transfer(id, address("a"), address("b"), id, cents));
  }

  /// Waits until nothing is in doubt and no record is left; what is after ten seconds.
  std::string settled() {
    std::string left;
    for (int i = 0; i < 500; ++i) {
      left = *run(
          a().one<std::string>("SELECT coalesce(string_agg(gid, ' '), '') FROM pg_prepared_xacts"));
      left += *run(databases_[2].one<std::string>(
          "SELECT coalesce(string_agg(id, ' '), '') FROM weft_global_transaction"));
      if (left.empty()) return left;
      static_cast<void>(run(net::sleep(20ms)));
    }
    return left;
  }
  /// All or nothing; the cents that the second bank got.
  std::int64_t expect_total(const std::string& id) {
    const std::int64_t from = cents(a(), id);
    const std::int64_t to = cents(b(), id);
    EXPECT_EQ(from + to, 2000) << id << " has " << from << " and " << to;
    return to - 1000;
  }

  static Cut cut_of(const std::string& id, const Status& status) {
    return {id, status.ok() ? "exit 0" : std::string(name_of(status.code()))};
  }
  /// All or nothing, and as it was said; how many were committed.
  std::int64_t expect_ends(const std::vector<Cut>& cuts) {
    std::int64_t committed = 0;
    for (const Cut& cut : cuts) {
      const std::int64_t moved = expect_total(cut.id);
      committed += moved / 100;
      if (cut.end == "exit 0") {
        EXPECT_EQ(moved, 100) << cut.id;
      }
      if (cut.end == "ABORTED") {
        EXPECT_EQ(moved, 0) << cut.id;
      }
    }
    return committed;
  }
  /// As above, where some were committed and some were not.
  void expect_totals(const std::vector<Cut>& cuts) {
    const std::int64_t committed = expect_ends(cuts);
    EXPECT_GT(committed, 0);
    EXPECT_LT(static_cast<std::size_t>(committed), cuts.size());
  }

  /// Waits until somebody serves there.
  void await_server(const std::string& address) {
    const std::string file = address.substr(5);
    for (int i = 0; i < 2000 && !std::filesystem::exists(file); ++i) {
      static_cast<void>(run(net::sleep(5ms)));
    }
  }
  /// How a process ended, or that it stopped.
  std::string ended(ChildProcess& process) {
    for (int i = 0; i < 4000; ++i) {
      const std::string end = process.wait(WNOHANG | WUNTRACED);
      if (end != "running") return end;
      static_cast<void>(run(net::sleep(5ms)));
    }
    return "running";
  }
  /// Transfers by coordinators that get a signal before and after each use of their database, until
  /// one ends without it.
  std::vector<Cut> at_each_point(int signal) {
    std::vector<Cut> cuts;
    bool has_ended = false;
    for (int n = 1; !has_ended && n < 20; ++n) {
      for (const std::string when : {"before", "after"}) {
        const std::string id = "office-" + std::to_string(n) + "-" + when;
        add_account(id);
        auto office = std::make_unique<ChildProcess>(std::vector<std::string>{
            WEFT_BANK_PROCESS, "office", of("office"), address("a"), address("b"), id,
            std::to_string(signal), std::to_string(n), when});
        const std::string end = ended(*office);
        has_ended |= end == "exit 0";
        cuts.push_back({id, end});
        if (end == "stopped") frozen_.push_back(std::move(office));
      }
    }
    EXPECT_TRUE(has_ended);
    return cuts;
  }

  weft::testing::Folder sockets_;
  std::vector<std::unique_ptr<ChildProcess>> frozen_;
  /// A transfer from the bank of a process; where that dies, another serves in its place.
  Task<Status> transfer_and_replace(std::string id, std::string address_of_a, ChildProcess& bank) {
    bool over = false;
    auto [moved, replaced] = co_await weft::all(transfer_from(id, address_of_a, over),
                                                replace_when_dead(address_of_a, bank, over));
    if (!replaced.ok()) co_return replaced;
    co_return moved;
  }
  Task<Status> transfer_from(std::string id, std::string from, bool& over) {
    Status status = co_await office_->transfer(id, from, address("b"), id, 100);
    over = true;
    co_return status;
  }
  Task<Status> replace_when_dead(std::string listen, ChildProcess& bank, bool& over) {
    bank_a_.reset();
    while (bank.wait(WNOHANG) == "running") {
      if (over) co_return ok_status();
      static_cast<void>(co_await net::sleep(5ms));
    }
    std::vector<std::string> addresses(1, listen);
    auto opened = co_await BankNode::open(of("bank_a"), std::move(addresses), address("office"));
    if (!opened.ok()) co_return opened.status();
    bank_a_ = *std::move(opened);
    co_return ok_status();
  }

  std::vector<postgres::Database> databases_;
  std::unique_ptr<OfficeNode> office_;
  std::unique_ptr<BankNode> bank_a_;
  std::unique_ptr<BankNode> bank_b_;
};

TEST_F(TwoPhase, CommitsInBothDatabasesOrInNone) {
  open_all();
  add_account("t1");
  add_account("t2");
  const Status status = transfer("t1", 100);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(expect_total("t1"), 100);
  EXPECT_THAT(transfer("t2", 1001).to_string(), HasSubstr("no money"));
  EXPECT_EQ(expect_total("t2"), 0);
  EXPECT_EQ(settled(), "");
}

TEST_F(TwoPhase, SaysWhichLineIsMissing) {
  PostgresProcess unprepared(0);
  const auto open = [](std::string text) -> Task<Status> {
    Result<postgres::Database> database = co_await postgres::open(std::move(text), {});
    if (!database.ok()) co_return database.status();
    const auto branches = co_await transaction::PostgresBranches::open(*database);
    co_return branches.status();
  };
  EXPECT_EQ(run(open(unprepared.connection_string())).to_string(),
            "FAILED_PRECONDITION: PostgreSQL prepares no transactions, for "
            "max_prepared_transactions is 0: put the line `max_prepared_transactions = 100` into "
            "postgresql.conf and restart the server");
}

TEST_F(TwoPhase, AnUnusedBranchIsRolledBack) {
  open_all();
  add_account("t1");
  const auto leave = [](OfficeNode& office, std::string bank) -> Task<Status> {
    Result<transaction::GlobalTransaction> tx = office.coordinator.begin("t1");
    if (!tx.ok()) co_return tx.status();
    Status status = tx->enlist("from", bank);
    if (status.ok()) status = co_await OfficeNode::add(*tx, "from", bank, "t1", -100);
    // As after a crash: nobody says what became of it.
    if (status.ok()) status = co_await net::sleep(4s);
    if (!status.ok()) co_return status;
    co_return co_await tx->commit();
  };
  EXPECT_THAT(run(leave(*office_, address("a"))).to_string(), HasSubstr("is not here"));
  EXPECT_EQ(expect_total("t1"), 0);
}

/// A branch that has served one call, and its transaction.
struct Worked {
  transaction::GlobalTransaction transaction;
  transaction::TwoPhaseBranch branch;
};
Task<Result<Worked>> work(OfficeNode& office, BankNode& bank, std::string address) {
  Result<transaction::GlobalTransaction> tx = office.coordinator.begin("t1");
  if (!tx.ok()) co_return tx.status();
  Status status = tx->enlist("from", address);
  if (status.ok()) status = co_await OfficeNode::add(*tx, "from", address, "t1", -100);
  // So that there is a connection beside the branch's.
  if (status.ok()) status = (co_await bank.branches->in_doubt(1)).status();
  if (!status.ok()) co_return status;
  const Result<transaction::WorkCall> next = transaction::work_call_of(*tx->work("from"));
  if (!next.ok()) co_return next.status();
  co_return Worked{*std::move(tx), next->branch};
}

Task<Status> ask_twice(OfficeNode& office, BankNode& bank, std::string address) {
  Result<Worked> worked = co_await work(office, bank, address);
  if (!worked.ok()) co_return worked.status();
  auto [first, second] = co_await weft::all(bank.branches->prepare(worked->branch, 1),
                                            bank.branches->prepare(worked->branch, 1));
  if (!first.ok()) co_return first.status();
  if (!second.ok()) co_return second.status();
  co_return co_await worked->transaction.commit();
}

TEST_F(TwoPhase, AVoteThatIsAskedForTwiceAtOnceIsTheSame) {
  open_all();
  add_account("t1");
  make_votes_slow();
  const Status status = run(ask_twice(*office_, *bank_a_, address("a")));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(cents(a(), "t1"), 900);
}

Task<Status> vote_and_abort(OfficeNode& office, BankNode& bank, std::string address) {
  Result<Worked> worked = co_await work(office, bank, address);
  if (!worked.ok()) co_return worked.status();
  auto [vote, end] = co_await weft::all(bank.branches->prepare(worked->branch, 1),
                                        bank.branches->abort(worked->branch));
  EXPECT_TRUE(vote.ok()) << vote.status();
  if (!end.ok()) co_return end.status();
  EXPECT_EQ(end->outcome, transaction::BranchOutcome::Aborted);
  const auto left = co_await bank.branches->in_doubt(1);
  if (!left.ok()) co_return left.status();
  EXPECT_EQ(left->size(), 0U);
  co_return co_await worked->transaction.abort();
}

TEST_F(TwoPhase, AnAbortThatOvertakesTheVoteLeavesNothing) {
  open_all();
  add_account("t1");
  make_votes_slow();
  const Status status = run(vote_and_abort(*office_, *bank_a_, address("a")));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(cents(a(), "t1"), 1000);
}

Task<Status> end_by_hand(postgres::Database database, std::string verb) {
  for (;;) {
    const auto gid = co_await database.maybe<std::string>(
        "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()");
    if (!gid.ok()) co_return gid.status();
    if (gid->has_value()) {
      co_return (co_await database.run(verb + " PREPARED '" + **gid + "'")).status();
    }
    static_cast<void>(co_await net::sleep(5ms));
  }
}

TEST_F(TwoPhase, WhatAPersonRolledBackIsNotTakenForCommitted) {
  open_office();
  open_bank(bank_a_, "bank_a", {address("a")});
  add_account("t1");
  // A bank whose commits never come, so that the person is first.
  const std::string id = "t1";
  ChildProcess bank({WEFT_BANK_PROCESS, "bank", of("bank_b"), address("b"), address("office"),
                     std::to_string(SIGKILL), "5", "before"});
  await_server(address("b"));
  Task<Status> person = end_by_hand(b(), "ROLLBACK");
  auto [moved, rolled_back] =
      run(weft::all(office_->transfer(id, address("a"), address("b"), id, 100), std::move(person)));
  EXPECT_TRUE(moved.ok() || moved.code() == StatusCode::FailedPrecondition) << moved;
  EXPECT_TRUE(rolled_back.ok()) << rolled_back;
  bank.wait(0);
  open_bank(bank_b_, "bank_b", {address("b")});
  std::string found;
  for (int i = 0; i < 500 && found.empty(); ++i) {
    found = *run(databases_[2].one<std::string>(
        "SELECT coalesce(min(state || ' ' || branches), '') FROM weft_global_transaction WHERE "
        "state <> 1"));
    static_cast<void>(run(net::sleep(10ms)));
  }
  EXPECT_EQ(found, "2 committed from " + address("a") + "\naborted to " + address("b") + "\n");
}

TEST_F(TwoPhase, NoMoneyIsLostWhereTheServerCrashes) {
  open_all();
  std::vector<Cut> cuts;
  for (int i = 0; i < 5; ++i) {
    const std::string id = "crash-" + std::to_string(i);
    add_account(id);
    auto [moved, crashed] = run(weft::all(
        office_->transfer(id, address("a"), address("b"), id, 100), crash_server(i * 2ms)));
    EXPECT_TRUE(crashed.ok()) << crashed;
    cuts.push_back(cut_of(id, moved));
    connect();
  }
  EXPECT_EQ(settled(), "");
  expect_ends(cuts);
}

TEST_F(TwoPhase, NoMoneyIsLostWhereverACoordinatorIsKilled) {
  open_all();
  const std::vector<Cut> cuts = at_each_point(SIGKILL);
  EXPECT_EQ(settled(), "");
  expect_totals(cuts);
}

TEST_F(TwoPhase, AFrozenCoordinatorCommitsNothingAfterItsLease) {
  open_all();
  const std::vector<Cut> cuts = at_each_point(SIGSTOP);
  EXPECT_EQ(settled(), "");
  std::vector<std::int64_t> moved;
  for (const Cut& cut : cuts) moved.push_back(expect_total(cut.id));
  for (auto& process : frozen_) {
    process->go_on();
    const std::string end = ended(*process);
    EXPECT_TRUE(end == "exit 0" || end == "exit 3") << end;
  }
  EXPECT_EQ(settled(), "");
  for (std::size_t i = 0; i < cuts.size(); ++i) EXPECT_EQ(expect_total(cuts[i].id), moved[i]);
}

TEST_F(TwoPhase, NoMoneyIsLostWhereverAParticipantIsKilled) {
  open_office();
  open_bank(bank_b_, "bank_b", {address("b")});
  std::vector<Cut> cuts;
  std::vector<std::string> addresses;
  for (int n = 1; n <= 7; ++n) {
    for (const std::string when : {"before", "after"}) {
      const std::string id = "bank-" + std::to_string(n) + "-" + when;
      add_account(id);
      addresses.push_back(address(id));
      ChildProcess bank({WEFT_BANK_PROCESS, "bank", of("bank_a"), addresses.back(),
                         address("office"), std::to_string(SIGKILL), std::to_string(n), when});
      await_server(addresses.back());
      const Status status = run(transfer_and_replace(id, addresses.back(), bank));
      cuts.push_back(cut_of(id, status));
    }
  }
  loop.enter([this] { bank_a_.reset(); });
  open_bank(bank_a_, "bank_a", addresses);
  EXPECT_EQ(settled(), "");
  expect_totals(cuts);
}

}  // namespace
}  // namespace weft::test
