// Crashes of the coordinator at each write of its store, and coordinators that freeze.
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/internal/test_scripted_store.h"
#include "weft/transaction/two_phase/tests/internal/test_bank_world.h"

namespace weft::transaction::test {
namespace {

using ::testing::HasSubstr;

/// What a transfer came to whose caller waited for a while.
std::optional<Status> transfer(BankWorld& world, TwoPhaseCoordinator& by, std::string id, int sum) {
  try {
    return world.run(world.transfer(by, std::move(id), sum), 5s);
  } catch (const weft::testing::DidNotHappen&) {
    return std::nullopt;
  }
}

/// A transfer whose disk loses power in write `n`, and what a coordinator after it makes of that.
/// Whether the transfer came to that write.
bool crashes_at(std::uint64_t n, bool lost_commit) {
  SCOPED_TRACE("write " + std::to_string(n) + (lost_commit ? ", a commit is lost" : ""));
  BankWorld world(n);
  if (lost_commit) {
    world.to().script = [](int, Bank::Op op) {
      if (op != Bank::Op::Commit) return Answer();
      return Answer{.status = unavailable("away"), .has_effect = false, .delay = {}};
    };
  }
  world.start(world.one, world.options());
  world.resolve_in_doubt();
  world.disk.stop_at(n);
  const std::optional<Status> told = transfer(world, *world.one, "t1", 100);
  const bool stopped = world.disk.is_stopped();
  world.crash();
  world.disk.restart();
  world.open();
  world.to().script = nullptr;
  world.start(world.one, world.options());
  EXPECT_TRUE(world.started.ok()) << world.started;
  world.run_for(10min);
  EXPECT_TRUE(world.from().is_idle());
  EXPECT_TRUE(world.to().is_idle());
  EXPECT_EQ(world.money(), 2000);
  EXPECT_EQ(world.records(), 0);
  const bool committed = world.to().money == 1100;
  EXPECT_TRUE(committed || world.to().money == 1000) << world.to().money;
  EXPECT_FALSE(told && told->ok() && !committed);
  EXPECT_FALSE(told && told->code() == StatusCode::Aborted && committed);
  return stopped;
}

TEST(TwoPhaseCrash, AtEveryWriteAllOrNothingIsCommitted) {
  for (const bool lost_commit : {false, true}) {
    std::uint64_t n = 1;
    while (crashes_at(n, lost_commit)) ++n;
    EXPECT_GT(n, lost_commit ? 1U : 3U) << "a transfer writes more than that";
  }
}

TEST(TwoPhaseCrash, ACommitCostsOneForcedWrite) {
  BankWorld world;
  world.start(world.one, world.options());
  const std::uint64_t before = world.disk.syncs();
  ASSERT_TRUE(transfer(world, *world.one, "t1", 100)->ok());
  EXPECT_EQ(world.disk.syncs() - before, 1U);
  ASSERT_TRUE(transfer(world, *world.one, "t2", 100)->ok());
  world.run_for(3s);
  EXPECT_EQ(world.records(), 0);
  EXPECT_EQ(world.disk.syncs() - before, 3U) << "both records are forgotten by one write";
}

TEST(TwoPhaseCrash, AnAbortCostsNone) {
  BankWorld world;
  world.start(world.one, world.options());
  const std::uint64_t before = world.disk.writes();
  EXPECT_EQ(transfer(world, *world.one, "t1", 2000)->code(), StatusCode::Aborted);
  world.run_for(1s);
  EXPECT_EQ(world.disk.writes(), before);
}

Task<Status> sleep_for(Duration time) { co_return co_await net::sleep(time); }
/// As in a process that is frozen, whatever gives up waiting for it.
Task<Status> stand_still() {
  static_cast<void>(co_await net::in_own_context(kForever, sleep_for(10min)));
  co_return ok_status();
}
Task<Status> end_with(Status status) { co_return status; }

TEST(TwoPhaseCrash, AStoreThatIsFullAborts) {
  BankWorld world;
  auto store = std::make_shared<ScriptedStore>(*world.database);
  store->script = [](const sql::Statement& statement) {
    const bool records = statement.text().starts_with("INSERT INTO weft_global_transaction");
    // As PostgreSQL says it.
    return end_with(records ? resource_exhausted("disk full").with_origin(Origin::Peer) : Status());
  };
  TwoPhaseOptions options = world.options();
  options.database = sql::Database(store);
  world.start(world.one, std::move(options));
  const std::optional<Status> told = transfer(world, *world.one, "t1", 100);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code(), StatusCode::Aborted) << *told;
  EXPECT_THAT(told->to_string(), HasSubstr("disk full"));
  EXPECT_EQ(world.to().money, 1000);
  EXPECT_TRUE(world.from().is_idle());
}

/// The n-th statement that begins with `text` is never answered, as on a connection whose other end
/// is gone without a word; the others are.
class SilentStore : public ::testing::Test {
 protected:
  void start(std::string text, int n) {
    auto store = std::make_shared<ScriptedStore>(*world.database);
    store->script = [this, text, n](const sql::Statement& statement) {
      const bool is_silent = statement.text().starts_with(text) && ++seen_ == n;
      return is_silent ? sleep_for(kForever) : end_with(Status());
    };
    TwoPhaseOptions options = world.options();
    options.database = sql::Database(store);
    world.start(world.one, std::move(options));
  }
  BankWorld world;
  int seen_ = 0;
};

TEST_F(SilentStore, ACommitRecordIsWrittenAgainInTime) {
  start("INSERT INTO weft_global_transaction", 1);
  const Status status = world.run(world.transfer(*world.one, "t1", 100), 1min);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(world.to().money, 1100);
}

TEST_F(SilentStore, ACoordinatorLooksForOthersRecordsAgainInTime) {
  start("UPDATE weft_global_transaction SET owner", 3);
  world.run_for(10min);
  EXPECT_GT(seen_, 10);
}

/// Two coordinators; the first stands still in a statement that begins with `text`, which comes 10
/// minutes later, and its lease is not renewed meanwhile.
class TwoCoordinators : public ::testing::Test {
 protected:
  void start(std::string text) {
    auto store = std::make_shared<ScriptedStore>(*world.database);
    store->script = [this, text](const sql::Statement& statement) {
      if (statement.text().starts_with(text) && !frozen_) {
        frozen_ = true;
        return stand_still();
      }
      const bool renews = statement.text().starts_with("UPDATE weft_coordinator");
      return end_with(renews && frozen_ && !awake_ ? unavailable("it stands still") : Status());
    };
    TwoPhaseOptions options = world.options();
    options.database = sql::Database(store);
    options.prepare_timeout = 40s;
    world.start(world.one, std::move(options));
    world.start(world.other, world.options());
    world.resolve_in_doubt();
  }
  void wake() { awake_ = true; }

  BankWorld world;

 private:
  bool frozen_ = false;
  bool awake_ = false;
};

TEST_F(TwoCoordinators, AFrozenOneRecordsNothingAfterItsLease) {
  start("INSERT INTO weft_global_transaction");
  // The lease passes, the other says abort to the banks, and then the first comes to its record.
  const Status late = world.run(world.transfer(*world.one, "t1", 100));
  EXPECT_THAT(late.to_string(), HasSubstr("has lost its lease"));
  EXPECT_EQ(late.code(), StatusCode::Aborted);
  EXPECT_EQ(world.to().money, 1000);
  EXPECT_TRUE(world.from().is_idle());
  EXPECT_EQ(world.records(), 0);
  // It goes on under another id.
  wake();
  world.run_for(5min);
  const Status again = world.run(world.transfer(*world.one, "t2", 100));
  EXPECT_TRUE(again.ok()) << again;
}

TEST_F(TwoCoordinators, ALiveOnesTransactionIsNotDecidedByAnother) {
  // For so long that the banks ask, and shorter than the lease.
  world.to().script = [](int n, Bank::Op) {
    return Answer{.status = {}, .has_effect = true, .delay = n == 1 ? 30s : 0s};
  };
  start("nothing");
  const Status status = world.run(world.transfer(*world.one, "t1", 100));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(world.to().money, 1100);
}

TEST_F(TwoCoordinators, TheOtherTellsWhatAFrozenOneHasRecorded) {
  world.to().script = [](int, Bank::Op op) {
    if (op != Bank::Op::Commit) return Answer();
    return Answer{.status = unavailable("away"), .has_effect = false, .delay = {}};
  };
  start("nothing");
  EXPECT_TRUE(world.run(world.transfer(*world.one, "t1", 100)).ok());
  world.drop(world.one);
  world.to().script = nullptr;
  world.run_for(5min);
  EXPECT_EQ(world.to().money, 1100);
  EXPECT_EQ(world.records(), 0);
  EXPECT_EQ(world.other->stats().taken_over, 1U);
}

TEST_F(TwoCoordinators, AnotherStoresBranchIsNotAnswered) {
  start("nothing");
  const TwoPhaseBranch foreign("t1", "from", "0011223344556677.0011223344556677");
  const Result<Decision> decision = world.run(world.one->outcome(foreign));
  EXPECT_EQ(decision.status().code(), StatusCode::FailedPrecondition) << decision.status();
}

}  // namespace
}  // namespace weft::transaction::test
