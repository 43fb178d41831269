#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/two_phase/stored_transactions.h"
#include "weft/transaction/two_phase/tests/internal/test_bank_world.h"

namespace weft::transaction::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TwoPhase : public ::testing::Test {
 protected:
  void start() {
    world.start(world.one, world.options());
    ASSERT_TRUE(world.started.ok()) << world.started;
  }
  Status transfer(std::string id, int sum, Duration limit = 1h) {
    return world.run(world.transfer(*world.one, std::move(id), sum), limit);
  }
  static std::function<Answer(int, Bank::Op)> at(int call, Answer answer) {
    return [call, answer](int n, Bank::Op) { return n == call ? answer : Answer(); };
  }

  BankWorld world;
};

TEST_F(TwoPhase, CommitsAtEveryParticipant) {
  start();
  const Status status = transfer("t1", 100);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(world.from().money, 900);
  EXPECT_EQ(world.to().money, 1100);
  EXPECT_THAT(world.from().order, ElementsAre("prepare t1/from", "commit t1/from"));
  world.run_for(3s);
  EXPECT_EQ(world.records(), 0);
  EXPECT_EQ(world.one->stats().committed, 1U);
  EXPECT_EQ(world.one->stats().telling, 0U);
}

TEST_F(TwoPhase, AVoteAgainstAbortsAll) {
  start();
  const Status status = transfer("t1", 2000);
  EXPECT_EQ(status.to_string(),
            "ABORTED: transaction t1 is aborted: branch \"from\" votes against it: ABORTED: no "
            "money");
  world.run_for(1s);
  EXPECT_EQ(world.from().money, 1000);
  EXPECT_EQ(world.to().money, 1000);
  EXPECT_TRUE(world.to().is_idle());
  EXPECT_EQ(world.records(), 0);
}

TEST_F(TwoPhase, AVoteThatDoesNotComeInTimeAborts) {
  world.to().script = at(1, {.status = {}, .has_effect = true, .delay = 1min});
  start();
  EXPECT_THAT(transfer("t1", 100).to_string(), HasSubstr("ABORTED: transaction t1 is aborted: "));
  // The late vote binds nobody, and the participant finds out.
  world.resolve_in_doubt();
  world.run_for(5min);
  EXPECT_TRUE(world.to().is_idle());
  EXPECT_EQ(world.money(), 2000);
  EXPECT_EQ(world.from().money, 1000);
}

TEST_F(TwoPhase, ALostVoteIsAskedForAgain) {
  world.to().script = at(1, {.status = unavailable("lost"), .has_effect = true, .delay = {}});
  start();
  EXPECT_TRUE(transfer("t1", 100).ok());
  EXPECT_EQ(world.to().money, 1100);
}

TEST_F(TwoPhase, CommitIsToldUntilItIsAcknowledged) {
  world.to().script = [](int n, Bank::Op op) {
    if (op != Bank::Op::Commit || n > 5) return Answer();
    return Answer{.status = unavailable("away"), .has_effect = n == 4, .delay = {}};
  };
  start();
  EXPECT_TRUE(transfer("t1", 100).ok());
  EXPECT_EQ(world.records(), 1);
  EXPECT_EQ(world.one->stats().telling, 1U);
  world.run_for(1min);
  EXPECT_EQ(world.to().money, 1100);
  EXPECT_EQ(world.records(), 0);
}

TEST_F(TwoPhase, AReadOnlyBranchGetsNoDecision) {
  start();
  EXPECT_TRUE(transfer("t1", 0).ok());
  EXPECT_EQ(world.from().calls, 0);
  EXPECT_THAT(world.from().order, ElementsAre());
  EXPECT_EQ(world.records(), 0);
}

TEST_F(TwoPhase, ADroppedTransactionIsAborted) {
  start();
  world.office().enter([this] {
    Result<GlobalTransaction> tx = world.one->begin();
    ASSERT_TRUE(tx.ok()) << tx.status();
    EXPECT_EQ(tx->id().size(), 32U);
    EXPECT_TRUE(tx->enlist("from", "bank-a").ok());
    EXPECT_TRUE(world.from().work(*tx->work("from"), -1).ok());
  });
  EXPECT_EQ(world.from().open(), 1U);
  world.run_for(1s);
  EXPECT_EQ(world.from().open(), 0U);
  EXPECT_EQ(world.one->stats().aborted, 1U);
}

TEST_F(TwoPhase, ABranchThatLostACallIsNotPrepared) {
  start();
  const auto halves = [](BankWorld& world) -> Task<Status> {
    Result<GlobalTransaction> tx = world.one->begin("t1");
    static_cast<void>(tx->enlist("from", "bank-a"));
    static_cast<void>(world.from().work(*tx->work("from"), -1));
    world.from().crash();
    static_cast<void>(world.from().work(*tx->work("from"), -1));
    co_return co_await tx->commit();
  };
  EXPECT_THAT(world.run(halves(world)).to_string(), HasSubstr("a call of the branch is missing"));
  EXPECT_EQ(world.from().money, 1000);
}

TEST_F(TwoPhase, MistakesAreNamed) {
  start();
  world.office().enter([this] {
    Result<GlobalTransaction> tx = world.one->begin("t1");
    EXPECT_EQ(world.one->begin("t1").status().code(), StatusCode::AlreadyExists);
    EXPECT_EQ(world.one->begin("a b").status().code(), StatusCode::InvalidArgument);
    EXPECT_TRUE(tx->enlist("from", "bank-a").ok());
    EXPECT_EQ(tx->enlist("from", "bank-b").code(), StatusCode::AlreadyExists);
    EXPECT_EQ(tx->enlist("to", "bank b").code(), StatusCode::InvalidArgument);
    EXPECT_EQ(tx->work("to").status().code(), StatusCode::NotFound);
  });
  const auto twice = [](TwoPhaseCoordinator& by) -> Task<Status> {
    Result<GlobalTransaction> tx = by.begin("t2");
    Status first = co_await tx->abort();
    if (!first.ok()) co_return first;
    EXPECT_EQ(tx->enlist("from", "bank-a").code(), StatusCode::FailedPrecondition);
    co_return co_await tx->commit();
  };
  EXPECT_EQ(world.run(twice(*world.one)).code(), StatusCode::FailedPrecondition);
}

TEST_F(TwoPhase, AnIdOfAnotherTransactionIsNotUsedAgain) {
  world.to().script = [](int, Bank::Op op) {
    const bool commits = op == Bank::Op::Commit;
    return Answer{
        .status = commits ? unavailable("away") : Status(), .has_effect = !commits, .delay = {}};
  };
  start();
  EXPECT_TRUE(transfer("t1", 100).ok());
  world.start(world.other, world.options());
  EXPECT_EQ(world.run(world.transfer(*world.other, "t1", 100)).code(), StatusCode::AlreadyExists);
}

TEST_F(TwoPhase, WhatAPersonDidOtherwiseIsKeptAndSaid) {
  world.to().script = [this](int, Bank::Op op) {
    if (op == Bank::Op::Commit) world.to().end_by_hand(false);
    return Answer();
  };
  start();
  EXPECT_EQ(transfer("t1", 100).to_string(),
            "FAILED_PRECONDITION: transaction t1 was to be committed, and branch \"to\" is aborted "
            "(heuristic outcome): by hand");
  world.run_for(1min);
  EXPECT_EQ(world.records(), 1);
  EXPECT_EQ(*world.run(world.database->one<std::string>(
                "SELECT branches FROM weft_global_transaction WHERE state = 2")),
            "committed from bank-a\naborted to bank-b\n");
  EXPECT_EQ(world.one->stats().heuristic, 1U);
}

TEST_F(TwoPhase, WhatAPersonHasClosedIsNotToldAnyMore) {
  world.to().script = [](int, Bank::Op op) {
    const bool commits = op == Bank::Op::Commit;
    return Answer{
        .status = commits ? unavailable("away") : Status(), .has_effect = !commits, .delay = {}};
  };
  start();
  EXPECT_TRUE(transfer("t1", 100).ok());
  StoredTransactions stored = *world.run(StoredTransactions::open(*world.database));
  const Result<TransactionRecord> record = world.run(stored.find("t1"));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->branches.size(), 2U);
  EXPECT_EQ(world.run(stored.resolve("t1", "")).code(), StatusCode::InvalidArgument);
  EXPECT_TRUE(world.run(stored.resolve("t1", "bank-b was closed down")).ok());
  EXPECT_EQ(world.run(stored.resolve("t1", "again")).code(), StatusCode::FailedPrecondition);
  world.run_for(5min);
  EXPECT_EQ(world.one->stats().telling, 0U);
  const Result<TransactionRecord> closed = world.run(stored.find("t1"));
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state, TransactionState::Closed);
  EXPECT_EQ(closed->note, "resolved: bank-b was closed down\n");
  // A participant that asks gets the decision.
  EXPECT_EQ(*world.run(world.one->outcome(TwoPhaseBranch("t1", "to", closed->coordinator))),
            Decision::Commit);
}

TEST_F(TwoPhase, WhatAPersonCommittedIsKeptWhereItWasToBeAborted) {
  world.to().script = [this](int, Bank::Op op) {
    if (op == Bank::Op::Abort) world.to().end_by_hand(true);
    return Answer();
  };
  world.from().script = at(1, {.status = aborted("no"), .has_effect = false, .delay = 10ms});
  start();
  EXPECT_THAT(transfer("t1", 100).to_string(),
              HasSubstr("to be aborted, and branch \"to\" is comm"));
  world.run_for(1min);
  EXPECT_EQ(*world.run(world.database->one<std::string>(
                "SELECT branches || decision FROM weft_global_transaction WHERE state = 3")),
            "aborted from bank-a\ncommitted to bank-b\n2");
}

}  // namespace
}  // namespace weft::transaction::test
