#include "weft/transaction/lock/locks.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "weft/coro/all.h"
#include "weft/storage/sql/transact.h"

#include "tests/postgres/locked_effect.h"
#include "tests/postgres/point_process.h"
#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using transaction::Lock;
using transaction::Locks;

class PostgresLocks : public Postgres {
 protected:
  void SetUp() override {
    Postgres::SetUp();
    if (IsSkipped()) return;
    db_.emplace(opened());
    execute("DROP TABLE IF EXISTS weft_lock, weft_lock_token, weft_schema, effect");
    execute("CREATE TABLE effect(number BIGSERIAL, name TEXT, token BIGINT)");
    locks_.emplace(*run(Locks::open(*db_, "test")));
  }
  void TearDown() override {
    loop.enter([this] {
      locks_.reset();
      db_.reset();
    });
  }

  void execute(const std::string& text) {
    const Status status = run(db_->run(text)).status();
    ASSERT_TRUE(status.ok()) << status;
  }
  Lock taken(const std::string& name) {
    Result<Lock> lock = run(locks_->acquire(name, {.wait = 15s}));
    EXPECT_TRUE(lock.ok()) << lock.status();
    return *std::move(lock);
  }
  void drop(Lock lock) {
    loop.enter([&] { const Lock dropped = std::move(lock); });
  }
  Status write(const std::string& name, std::int64_t token) {
    return run(sql::transact(*db_, locked_effect, *locks_, name, token));
  }
  /// Tokens of the effects of a name, in their order.
  std::vector<std::int64_t> effects(const std::string& name) {
    return *run(
        db_->all<std::int64_t>("SELECT token FROM effect WHERE name = $1 ORDER BY number", name));
  }

  std::optional<postgres::Database> db_;
  std::optional<Locks> locks_;
};

/// A lease that has ended, of a lock whose holder does not know it.
constexpr const char* kEndLease = "UPDATE weft_lock SET lease_until = 0";

TEST_F(PostgresLocks, ATakeoverWaitsForATransactionThatWasChecked) {
  Lock lock = taken("job");
  const std::int64_t token = lock.token();
  drop(std::move(lock));
  sql::Transaction tx = *run(db_->begin());
  std::string name = "job";
  std::int64_t old = token;
  ASSERT_TRUE(run(locked_effect(tx, *locks_, name, old)).ok());
  execute(kEndLease);
  EXPECT_FALSE(*run(locks_->holder("job")));
  const Status early = run(locks_->acquire("job", {.wait = 300ms})).status();
  EXPECT_EQ(early.to_string(), "ABORTED: the lock \"job\" is held by test, after a wait of 300ms");
  EXPECT_TRUE(run(tx.commit()).ok());
  Lock next = taken("job");
  EXPECT_GT(next.token(), token);
  EXPECT_EQ(write("job", token).code(), StatusCode::FailedPrecondition);
  EXPECT_TRUE(write("job", next.token()).ok());
  EXPECT_EQ(effects("job"), (std::vector{token, next.token()}));
  EXPECT_TRUE(run(next.release()).ok());
}

/// As the statements of a takeover, whose commit takes a moment.
Task<Status> take_over_slowly(sql::Database db, std::int64_t token) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  Result<sql::Rows> done = co_await tx->run("UPDATE weft_lock SET token = $1", token);
  // Until another waits for this transaction: check() has come.
  bool waits = false;
  while (done.ok() && !waits) {
    static_cast<void>(co_await net::sleep(1ms));
    const auto waiting = co_await tx->one<bool>(
        "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'");
    if (!waiting.ok()) co_return waiting.status();
    waits = *waiting;
  }
  if (!done.ok()) co_return done.status();
  co_return co_await tx->commit();
}

TEST_F(PostgresLocks, ACheckWaitsForATakeoverAndIsRefused) {
  Lock lock = taken("job");
  const std::int64_t token = lock.token();
  auto [took, wrote] =
      run(weft::all(take_over_slowly(*db_, token + 7),
                    sql::transact(*db_, locked_effect, *locks_, std::string("job"), token)));
  EXPECT_TRUE(took.ok()) << took;
  EXPECT_EQ(wrote.to_string(),
            "FAILED_PRECONDITION: the lock \"job\" is no longer held with token " +
                std::to_string(token) + ": its token is " + std::to_string(token + 7));
  EXPECT_TRUE(effects("job").empty());
  drop(std::move(lock));
}

Task<Status> wait_for_renewal(sql::Database db) {
  const auto first = co_await db.one<std::int64_t>("SELECT lease_until FROM weft_lock");
  if (!first.ok()) co_return first.status();
  for (std::int64_t now = *first; now == *first;) {
    static_cast<void>(co_await net::sleep(1ms));
    const auto next = co_await db.one<std::int64_t>("SELECT lease_until FROM weft_lock");
    if (!next.ok()) co_return next.status();
    now = *next;
  }
  co_return ok_status();
}

TEST_F(PostgresLocks, RenewalsDoNotWaitForATransactionThatWasChecked) {
  Result<Lock> lock = run(locks_->acquire("job", {.lease = 600ms}));
  ASSERT_TRUE(lock.ok()) << lock.status();
  sql::Transaction tx = *run(db_->begin());
  ASSERT_TRUE(run(locks_->check(tx, "job", lock->token())).ok());
  EXPECT_TRUE(run(wait_for_renewal(*db_)).ok());
  EXPECT_TRUE(lock->is_held());
  EXPECT_TRUE(run(tx.commit()).ok());
  EXPECT_TRUE(run(lock->release()).ok());
}

TEST_F(PostgresLocks, AFreeLockIsTakenBesideATransactionThatWasChecked) {
  Lock lock = taken("job");
  sql::Transaction tx = *run(db_->begin());
  ASSERT_TRUE(run(locks_->check(tx, "job", lock.token())).ok());
  Lock other = taken("other");
  EXPECT_TRUE(run(other.release()).ok());
  EXPECT_TRUE(run(tx.commit()).ok());
  EXPECT_TRUE(run(lock.release()).ok());
}

/// Takes the lock again and again, writes, and leaves it in one of three ways; then writes once
/// more with the old token.
Task<int> contend(sql::Database db, Locks locks, std::uint64_t seed) {
  Rng rng(seed);
  int refused = 0;
  for (int round = 0; round < 20; ++round) {
    Result<Lock> lock = co_await locks.acquire("job", {.lease = 100ms, .wait = 15s, .poll = 20ms});
    if (!lock.ok()) co_return -1;
    const std::int64_t token = lock->token();
    static_cast<void>(co_await sql::transact(db, locked_effect, locks, std::string("job"), token));
    const auto leaving = rng.below(3);
    if (leaving == 0) static_cast<void>(co_await lock->release());
    if (leaving == 1) static_cast<void>(co_await db.run(kEndLease));
    std::optional<Lock> held(*std::move(lock));
    if (leaving == 2) held.reset();  // as if this process had died
    static_cast<void>(co_await net::sleep(1ms * rng.below(150)));
    const Status late = co_await sql::transact(db, locked_effect, locks, std::string("job"), token);
    refused += late.code() == StatusCode::FailedPrecondition;
  }
  co_return refused;
}

Task<std::vector<int>> contend_all(sql::Database db, Locks locks) {
  std::vector<Task<int>> contenders;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) contenders.push_back(contend(db, locks, seed));
  co_return co_await all(std::move(contenders));
}

TEST_F(PostgresLocks, EffectsKeepTheOrderOfTokens) {
  const std::vector<int> refused = run(contend_all(*db_, *locks_));
  EXPECT_THAT(refused, ::testing::Each(::testing::Gt(0)));
  const std::vector<std::int64_t> tokens = effects("job");
  EXPECT_TRUE(std::is_sorted(tokens.begin(), tokens.end()));
  EXPECT_GE(tokens.size(), 80U);
}

/// Three statements a write, and three writes.
template <class AtPoint>
void at_each_point(int signal, AtPoint at_point) {
  for (int n = 1; n <= 9; ++n) {
    for (const auto when : {Point::When::Before, Point::When::After}) {
      at_point("job-" + std::to_string(n) + (when == Point::When::Before ? "-before" : "-after"),
               Point{.number = n, .when = when, .signal = signal});
    }
  }
}

TEST_F(PostgresLocks, AFrozenHoldersWritesAreRefusedAfterItsLease) {
  std::vector<std::pair<std::string, std::unique_ptr<PointProcess>>> frozen;
  const auto finish = [&] {
    for (const auto& [name, process] : frozen) {
      Lock lock = taken(name);
      EXPECT_TRUE(write(name, lock.token()).ok()) << name;
      const std::vector<std::int64_t> before = effects(name);
      process->go_on();
      EXPECT_EQ(process->wait(0), "exit 4") << name;
      EXPECT_EQ(effects(name), before) << name;
      EXPECT_EQ(before.back(), lock.token()) << name;
      EXPECT_TRUE(std::is_sorted(before.begin(), before.end())) << name;
      EXPECT_TRUE(run(lock.release()).ok());
    }
    frozen.clear();
  };
  at_each_point(SIGSTOP, [&](const std::string& name, Point point) {
    if (frozen.size() == 6) finish();  // the server takes only so many connections
    auto process = std::make_unique<PointProcess>(
        WEFT_LOCK_PROCESS, std::vector{server().connection_string(), name}, point);
    ASSERT_EQ(process->wait(WUNTRACED), "stopped") << name;
    frozen.emplace_back(name, std::move(process));
  });
  finish();
  // Each of the 18 has written 0 to 3 times before it froze, and its successor once.
  using Row = std::tuple<std::int64_t, std::int64_t>;
  const auto counted = *run(db_->one<Row>("SELECT count(DISTINCT name), count(*) FROM effect"));
  EXPECT_EQ(std::get<0>(counted), 18);
  EXPECT_EQ(std::get<1>(counted), 18 + (0 + 1 + 2) * 5 + (1 + 2 + 3));
}

TEST_F(PostgresLocks, AKilledHoldersLockIsTakenOver) {
  std::vector<std::string> names;
  at_each_point(SIGKILL, [&](const std::string& name, Point point) {
    PointProcess process(WEFT_LOCK_PROCESS, {server().connection_string(), name}, point);
    ASSERT_EQ(process.wait(0), "signal 9") << name;
    names.push_back(name);
  });
  for (const std::string& name : names) {
    Lock lock = taken(name);
    EXPECT_TRUE(write(name, lock.token()).ok()) << name;
    const std::vector<std::int64_t> tokens = effects(name);
    EXPECT_TRUE(std::is_sorted(tokens.begin(), tokens.end())) << name;
    EXPECT_LE(tokens.size(), 4U) << name;
    EXPECT_TRUE(run(lock.release()).ok());
  }
  EXPECT_EQ(names.size(), 18U);
}

TEST_F(PostgresLocks, TokensIncreaseAfterTheServerHasCrashed) {
  Lock lock = taken("job");
  const std::int64_t token = lock.token();
  EXPECT_TRUE(run(lock.release()).ok());
  server().signal(SIGQUIT);
  server().start();
  db_.emplace(opened());
  locks_.emplace(*run(Locks::open(*db_, "test")));
  Lock next = taken("job");
  EXPECT_GT(next.token(), token);
  EXPECT_EQ(write("job", token).code(), StatusCode::FailedPrecondition);
  EXPECT_TRUE(run(next.release()).ok());
}

}  // namespace
}  // namespace weft::test
