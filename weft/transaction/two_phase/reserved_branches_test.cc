#include "weft/transaction/two_phase/reserved_branches.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/two_phase/internal/work_metadata.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Cents = google::protobuf::Int64Value;

Task<Status> change(sql::Transaction& tx, std::string text, std::int64_t cents) {
  const Result<sql::Rows> done = co_await tx.run(text, cents);
  if (!done.ok()) co_return done.status();
  co_return done->changed() == 1 ? ok_status() : failed_precondition("no money");
}

Task<Result<Cents>> hold(sql::Transaction& tx, const Cents& cents) {
  Status status = co_await change(
      tx, "UPDATE account SET free = free - $1, held = held + $1 WHERE free >= $1", cents.value());
  if (!status.ok()) co_return status;
  co_return cents;
}
Task<Status> take(sql::Transaction& tx, const Cents& cents) {
  return change(tx, "UPDATE account SET held = held - $1", cents.value());
}
Task<Status> let_go(sql::Transaction& tx, const Cents& cents) {
  return change(tx, "UPDATE account SET free = free + $1, held = held - $1", cents.value());
}

class Reserved {
 public:
  explicit Reserved(std::uint64_t seed = 1) : disk(seed) { open(); }
  ~Reserved() { close(); }

  template <class T>
  [[gnu::noinline]] T run(Task<T> task, Duration limit = 1min) {
    return weft::testing::run(host, std::move(task), limit);
  }
  void open() {
    sqlite::Options options;
    options.migrations.push_back(
        {"account",
         "CREATE TABLE account(free INTEGER, held INTEGER); INSERT INTO account VALUES (100, 0)"});
    options.vfs = disk.vfs();
    db.emplace(*run(sqlite::open(folder.file("bank.db"), options)));
    branches = *run(ReservedBranches::open(*db));
    EXPECT_TRUE((branches->add<Cents, Cents>("withdraw", hold, take, let_go).ok()));
  }
  void close() {
    host.enter([this] {
      branches.reset();
      db.reset();
    });
  }
  void crash() {
    close();
    disk.restart();
    open();
  }
  std::string work(std::uint32_t number, std::int64_t cents, const std::string& by = "c") {
    const TwoPhaseBranch called("t1", "from", by);
    Call call(Call::Side::Server, host, "/bank.Bank/Withdraw", nullptr, nullptr);
    call.request_metadata() = internal::work_metadata(called, number);
    ServerContext context(call);
    Cents request;
    request.set_value(cents);
    const Result<Cents> reply = run(branches->work<Cents>("withdraw", context, request));
    return reply.status().to_string();
  }
  std::string prepare(std::uint32_t calls) {
    return run(branches->prepare(branch, calls)).status().to_string();
  }
  std::string commit() { return told(run(branches->commit(branch))); }
  std::string abort() { return told(run(branches->abort(branch))); }
  std::string money() {
    return *run(db->one<std::string>("SELECT free || ' ' || held FROM account"));
  }
  std::size_t in_doubt() { return run(branches->in_doubt(10))->size(); }

  const TwoPhaseBranch branch{"t1", "from", "c"};
  net::SimNetwork network{1};
  net::SimLoop& host = network.host("bank");
  weft::testing::Folder folder;
  weft::testing::SqliteDisk disk;
  std::optional<sqlite::Database> db;
  std::shared_ptr<ReservedBranches> branches;

 private:
  static std::string told(const Result<BranchEnd>& end) {
    return end.ok() ? std::string(name_of(end->outcome)) : end.status().to_string();
  }
};

TEST(ReservedBranches, ACommitAppliesAndAnAbortReleases) {
  Reserved bank;
  EXPECT_EQ(bank.work(1, 10), "OK");
  EXPECT_EQ(bank.work(2, 20), "OK");
  EXPECT_EQ(bank.money(), "70 30");
  EXPECT_EQ(bank.prepare(2), "OK");
  EXPECT_EQ(bank.prepare(2), "OK");
  EXPECT_EQ(bank.in_doubt(), 1U);
  EXPECT_EQ(bank.run(ReservedBranches::in_doubt_in(*bank.db, 10))->size(), 1U);
  EXPECT_EQ(bank.commit(), "committed");
  EXPECT_EQ(bank.commit(), "committed");
  EXPECT_EQ(bank.abort(), "committed");
  EXPECT_EQ(bank.money(), "70 0");
  EXPECT_EQ(bank.in_doubt(), 0U);

  Reserved other;
  EXPECT_EQ(other.work(1, 10), "OK");
  EXPECT_EQ(other.prepare(1), "OK");
  EXPECT_EQ(other.abort(), "aborted");
  EXPECT_EQ(other.abort(), "aborted");
  EXPECT_EQ(other.commit(), "aborted");
  EXPECT_EQ(other.money(), "100 0");
}

TEST(ReservedBranches, VotesAgainstABranchThatIsNotWhole) {
  Reserved bank;
  EXPECT_THAT(bank.prepare(1), HasSubstr("is not here"));
  EXPECT_EQ(bank.work(2, 10), "OK");
  EXPECT_THAT(bank.prepare(1), HasSubstr("has served 1 of its 1 calls"));
  EXPECT_THAT(bank.work(2, 10), HasSubstr("has come before"));
  EXPECT_THAT(bank.work(1, 1000), HasSubstr("no money"));
  EXPECT_THAT(bank.prepare(2), HasSubstr("ABORTED"));
  EXPECT_EQ(bank.commit(), "lost");
  EXPECT_EQ(bank.abort(), "aborted");
  EXPECT_EQ(bank.money(), "100 0");
}

TEST(ReservedBranches, ALateCallIsKeptOut) {
  Reserved bank;
  EXPECT_EQ(bank.commit(), "lost");
  EXPECT_EQ(bank.abort(), "aborted");
  EXPECT_THAT(bank.work(1, 10), HasSubstr("has ended"));
  EXPECT_EQ(bank.money(), "100 0");
}

TEST(ReservedBranches, AnotherCoordinatorsCallIsRefused) {
  Reserved bank;
  EXPECT_EQ(bank.work(1, 10), "OK");
  EXPECT_THAT(bank.work(2, 10, "d"), HasSubstr("belongs to another coordinator than d"));
  EXPECT_EQ(bank.prepare(1), "OK");
}

TEST(ReservedBranches, ForgetsWhatHasEnded) {
  Reserved bank;
  EXPECT_EQ(bank.work(1, 10), "OK");
  EXPECT_EQ(*bank.run(bank.branches->forget(-1h)), 0U);
  EXPECT_EQ(bank.abort(), "aborted");
  EXPECT_EQ(*bank.run(bank.branches->forget(-1h)), 2U);
}

/// A branch whose power fails in write `n`; whether it came to that.
bool crashes_at(std::uint64_t n, bool commits) {
  SCOPED_TRACE("write " + std::to_string(n));
  Reserved bank(n);
  bank.disk.stop_at(n);
  bool voted = false;
  try {
    voted = bank.work(1, 10) == "OK" && bank.work(2, 20) == "OK" && bank.prepare(2) == "OK";
    static_cast<void>(voted && commits ? bank.commit() : bank.abort());
  } catch (const weft::testing::DidNotHappen&) {
  }
  const bool stopped = bank.disk.is_stopped();
  bank.crash();
  // The coordinator says it again.
  EXPECT_EQ(voted && commits ? bank.commit() : bank.abort(),
            voted && commits ? "committed" : "aborted");
  EXPECT_EQ(bank.money(), voted && commits ? "70 0" : "100 0");
  EXPECT_EQ(bank.in_doubt(), 0U);
  return stopped;
}

TEST(ReservedBranches, KeepTheirPromiseAtEveryWrite) {
  for (const bool commits : {false, true}) {
    std::uint64_t n = 1;
    while (crashes_at(n, commits)) ++n;
    EXPECT_GT(n, 8U) << "a branch writes more than that";
  }
}

}  // namespace
}  // namespace weft::transaction
