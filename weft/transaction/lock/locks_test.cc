#include "weft/transaction/lock/locks.h"

#include <chrono>
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "weft/transaction/lock/internal/test_locks.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using test::LocksTest;
using ::testing::HasSubstr;
TEST_F(LocksTest, OneHoldsTheLockUntilItReleasesIt) {
  ASSERT_TRUE(acquire(a()).ok());
  const Status refused = acquire(b());
  EXPECT_EQ(refused.code(), StatusCode::Aborted);
  EXPECT_EQ(refused.to_string(), "ABORTED: the lock \"job\" is held by a");
  EXPECT_TRUE(release(a()).ok());
  EXPECT_TRUE(acquire(b()).ok());
}

TEST_F(LocksTest, RenewsUntilItIsReleased) {
  ASSERT_TRUE(acquire(a()).ok());
  network.run_for(10min);
  EXPECT_TRUE(a().held->is_held());
  EXPECT_EQ(acquire(b(), {.wait = 1min}).code(), StatusCode::Aborted);
}

TEST_F(LocksTest, AWaiterTakesTheLockOfADeadHolder) {
  ASSERT_TRUE(acquire(a()).ok());
  const std::int64_t token = a().held->token();
  drop(a());
  const TimePoint died = network.now();
  ASSERT_TRUE(acquire(b(), {.wait = 1min}).ok());
  EXPECT_GE(network.now() - died, 14s);
  EXPECT_LE(network.now() - died, 16s);
  EXPECT_GT(b().held->token(), token);
}

TEST_F(LocksTest, TokensIncreaseAfterDeletionAndClockJumps) {
  std::int64_t last = 0;
  for (const Duration jump : {0s, -86400s, 3600s, -7200s}) {
    clock_offset += jump;
    ASSERT_TRUE(weft::testing::run(a().host, a().db->run("DELETE FROM weft_lock")).ok());
    ASSERT_TRUE(acquire(a()).ok());
    EXPECT_GT(a().held->token(), last);
    last = a().held->token();
    drop(a());
  }
}

TEST_F(LocksTest, TellsALossBeforeAnotherCanHoldTheLock) {
  ASSERT_TRUE(acquire(a(), {.lease = 8s}).ok());
  a().driver->away = true;
  const Status lost = weft::testing::run(a().host, a().held->lost());
  EXPECT_EQ(lost.to_string(),
            "ABORTED: the lock \"job\" was lost: its lease of 8s was not renewed in time");
  EXPECT_TRUE(a().held->context().is_cancelled());
  EXPECT_EQ(acquire(b()).code(), StatusCode::Aborted) << "the lease has not passed yet";
  EXPECT_TRUE(acquire(b(), {.wait = 2s}).ok());
}

TEST_F(LocksTest, SurvivesADatabaseThatIsAwayForAMoment) {
  ASSERT_TRUE(acquire(a(), {.lease = 8s}).ok());
  network.run_for(2s);
  a().driver->away = true;
  network.run_for(3s);
  a().driver->away = false;
  network.run_for(1min);
  EXPECT_TRUE(a().held->is_held());
}

TEST_F(LocksTest, ADeletedLockIsLost) {
  ASSERT_TRUE(acquire(a()).ok());
  ASSERT_TRUE(weft::testing::run(b().host, b().db->run("DELETE FROM weft_lock")).ok());
  const Status lost = weft::testing::run(a().host, a().held->lost());
  EXPECT_THAT(lost.to_string(), HasSubstr("another has taken it, or it was deleted"));
}

TEST_F(LocksTest, AFrozenHoldersLateEffectIsRefused) {
  ASSERT_TRUE(acquire(a()).ok());
  const std::int64_t token = a().held->token();
  EXPECT_TRUE(act(a(), token).ok());
  a().host.enter([&] { a().host.work(20s); });
  ASSERT_TRUE(acquire(b(), {.wait = 1min}).ok());
  EXPECT_TRUE(act(b(), b().held->token()).ok());
  EXPECT_EQ(act(a(), token).to_string(),
            "FAILED_PRECONDITION: the lock \"job\" is no longer held with token " +
                std::to_string(token) + ": its token is " + std::to_string(b().held->token()));
  EXPECT_FALSE(a().held->is_held());
}

TEST_F(LocksTest, AReleasedTokenIsRefused) {
  ASSERT_TRUE(acquire(a()).ok());
  const std::int64_t token = a().held->token();
  EXPECT_TRUE(release(a()).ok());
  EXPECT_THAT(act(a(), token).to_string(), HasSubstr(": it is not held"));
}

TEST_F(LocksTest, NoWorkBeginsUnderAReleasedLock) {
  ASSERT_TRUE(acquire(a()).ok());
  EXPECT_TRUE(weft::testing::run(a().host, a().held->release()).ok());
  EXPECT_EQ(weft::testing::run(a().host, a().held->run(net::sleep(0s))).to_string(),
            "CANCELLED: the lock \"job\" was released");
  EXPECT_EQ(weft::testing::run(a().host, a().held->lost()).code(), StatusCode::Cancelled);
}

TEST_F(LocksTest, WorkUnderTheLockIsCancelledByItsLoss) {
  ASSERT_TRUE(acquire(a()).ok());
  a().driver->away = true;
  const TimePoint begun = network.now();
  const Status status = weft::testing::run(a().host, a().held->run(net::sleep(1h)));
  EXPECT_EQ(status.code(), StatusCode::Aborted) << status;
  EXPECT_LE(network.now() - begun, 15s);
  EXPECT_EQ(weft::testing::run(a().host, a().held->run(net::sleep(1h))).code(),
            StatusCode::Aborted);
}

TEST_F(LocksTest, RefusesNamesAndLeasesBeyondTheirBounds) {
  const auto refused = [&](std::string name, LockOptions options) {
    return weft::testing::run(a().host, a().locks->acquire(std::move(name), options))
        .status()
        .to_string();
  };
  EXPECT_EQ(refused("", {}), "INVALID_ARGUMENT: a lock's name has 1 to 255 bytes, not 0");
  EXPECT_EQ(refused(std::string(256, 'x'), {}),
            "INVALID_ARGUMENT: a lock's name has 1 to 255 bytes, not 256");
  EXPECT_THAT(refused("x", {.lease = 99ms}), HasSubstr("LockOptions::lease is 99ms, not within"));
  EXPECT_THAT(refused("x", {.lease = 61min}), HasSubstr("INVALID_ARGUMENT"));
  EXPECT_EQ(refused("x", {.wait = -1s}), "INVALID_ARGUMENT: LockOptions::wait is -1s, less than 0");
  EXPECT_EQ(refused("x", {.poll = 1ms}),
            "INVALID_ARGUMENT: LockOptions::poll is 1ms, less than 20ms");
  EXPECT_EQ(weft::testing::run(a().host, Locks::open(*a().db, std::string(256, 'x')))
                .status()
                .to_string(),
            "INVALID_ARGUMENT: the name of a holder of locks has at most 255 bytes, not 256");
}

TEST_F(LocksTest, AWaitEndsWithTheCallersContext) {
  ASSERT_TRUE(acquire(a()).ok());
  Context context;
  context.limit_deadline(after(b().host.now(), 2s));
  const TimePoint begun = network.now();
  const Status late =
      weft::testing::run(b().host, b().locks->acquire("job", {.wait = 1h}), 1h, &context).status();
  EXPECT_EQ(late.code(), StatusCode::DeadlineExceeded);
  EXPECT_THAT(late.to_string(), HasSubstr("waiting for the lock \"job\""));
  EXPECT_LE(network.now() - begun, 2s);
}

TEST_F(LocksTest, OthersSeeWhoHoldsTheLock) {
  const auto holder = [&] { return *weft::testing::run(b().host, b().locks->holder("job")); };
  EXPECT_FALSE(holder());
  ASSERT_TRUE(acquire(a(), {.lease = 8s}).ok());
  ASSERT_TRUE(holder());
  EXPECT_EQ(holder()->name, "a");
  EXPECT_EQ(holder()->token, a().held->token());
  EXPECT_GT(holder()->left, 7s);
  drop(a());
  network.run_for(9s);
  EXPECT_FALSE(holder()) << "its lease has ended";
}

TEST_F(LocksTest, WithoutANameTheHolderIsHostAndProcess) {
  Locks locks = *weft::testing::run(a().host, Locks::open(*a().db));
  a().locks.emplace(std::move(locks));
  ASSERT_TRUE(acquire(a()).ok());
  EXPECT_THAT(acquire(b()).to_string(), HasSubstr(":" + std::to_string(::getpid())));
}

TEST_F(LocksTest, LocksOfOtherNamesAreFree) {
  ASSERT_TRUE(acquire(a()).ok());
  EXPECT_TRUE(weft::testing::run(b().host, b().locks->acquire("other")).ok());
}

TEST_F(LocksTest, RefusesTablesOfANewerProgram) {
  ASSERT_TRUE(weft::testing::run(
                  a().host, a().db->run("UPDATE weft_schema SET version = 2 WHERE part = 'locks'"))
                  .ok());
  const Status refused = weft::testing::run(b().host, Locks::open(*b().db)).status();
  EXPECT_EQ(refused.code(), StatusCode::FailedPrecondition) << refused;
  EXPECT_THAT(refused.to_string(), HasSubstr("written by a newer program"));
}

}  // namespace
}  // namespace weft::transaction
