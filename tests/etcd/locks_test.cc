// Locks against etcd itself: a real process, frozen, killed and started again.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/net/asio_loop.h"
#include "weft/testing/run.h"
#include "weft/transaction/lock/etcd_locks.h"

#include "tests/etcd/etcd_process.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using transaction::Lock;
using transaction::LockOptions;
using transaction::Locks;

struct EtcdLocks : ::testing::Test {
  void SetUp() override {
    if (!have_etcd()) GTEST_SKIP() << "there is no etcd on the path (Debian: etcd-server)";
    etcd.start();
    a.emplace(opened("a"));
    b.emplace(opened("b"));
    wait_until_ready();
  }
  void TearDown() override {
    loop.enter([this] {
      a.reset();
      b.reset();
    });
  }
  Locks opened(const std::string& holder) {
    std::optional<Result<Locks>> locks;
    loop.enter([&] {
      locks.emplace(transaction::etcd_locks(loop, "etcd://" + etcd.address() + "/locks", holder));
    });
    EXPECT_TRUE(locks->ok()) << locks->status();
    return **std::move(locks);
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run(loop, std::move(task), 60s);
  }
  void wait_until_ready() {
    const TimePoint begun = loop.now();
    Status status = unavailable("not asked");
    while (!status.ok() && loop.now() - begun < 60s) status = run(a->holder("job")).status();
    ASSERT_TRUE(status.ok()) << status;
  }
  Lock taken(Locks& locks, LockOptions options = {.lease = 2s, .wait = 30s}) {
    Result<Lock> lock = run(locks.acquire("job", options));
    EXPECT_TRUE(lock.ok()) << lock.status();
    return *std::move(lock);
  }
  /// As if its process had died.
  void drop(Lock lock) {
    loop.enter([&] { const Lock dropped = std::move(lock); });
  }

  net::AsioLoop loop;
  EtcdProcess etcd{"m0"};
  std::optional<Locks> a;
  std::optional<Locks> b;
};

TEST_F(EtcdLocks, OneHoldsTheLockUntilItReleasesIt) {
  Lock lock = taken(*a);
  EXPECT_EQ(run(b->acquire("job")).status().to_string(), "ABORTED: the lock \"job\" is held by a");
  const auto holder = *run(b->holder("job"));
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->name, "a");
  EXPECT_EQ(holder->token, lock.token());
  EXPECT_TRUE(run(lock.release()).ok());
  EXPECT_FALSE(*run(b->holder("job")));
  Lock next = taken(*b, {});
  EXPECT_GT(next.token(), lock.token());
  EXPECT_TRUE(run(lock.release()).ok()) << "of a lock that another holds";
  EXPECT_TRUE(next.is_held());
  EXPECT_EQ(run(b->holder("job"))->value().token, next.token());
  EXPECT_TRUE(run(next.release()).ok());
}

TEST_F(EtcdLocks, ADeadHoldersLockIsTakenOver) {
  Lock lock = taken(*a);
  const std::int64_t token = lock.token();
  drop(std::move(lock));
  Lock next = taken(*b);
  EXPECT_GT(next.token(), token);
  EXPECT_TRUE(run(next.release()).ok());
}

TEST_F(EtcdLocks, ALockIsRenewed) {
  Lock lock = taken(*a);
  const Result<Lock> other = run(b->acquire("job", {.wait = 6s}));
  EXPECT_EQ(other.status().code(), StatusCode::Aborted);
  EXPECT_TRUE(lock.is_held());
  EXPECT_TRUE(run(lock.release()).ok());
}

TEST_F(EtcdLocks, TellsALossWhileEtcdIsFrozen) {
  Lock lock = taken(*a);
  etcd.signal(SIGSTOP);
  EXPECT_THAT(run(lock.lost()).to_string(), HasSubstr("its lease of 2s was not renewed in time"));
  etcd.signal(SIGCONT);
  const std::int64_t token = lock.token();
  Lock next = taken(*b);
  EXPECT_GT(next.token(), token);
  EXPECT_TRUE(run(next.release()).ok());
}

TEST_F(EtcdLocks, TokensIncreaseAfterEtcdWasKilled) {
  Lock lock = taken(*a);
  const std::int64_t token = lock.token();
  EXPECT_TRUE(run(lock.release()).ok());
  etcd.kill();
  etcd.start();
  wait_until_ready();
  Lock next = taken(*b);
  EXPECT_GT(next.token(), token);
  EXPECT_TRUE(run(next.release()).ok());
}

/// A resource that keeps the greatest token it has seen.
struct Resource {
  bool write(std::int64_t token) {
    if (token < greatest) return false;
    greatest = token;
    return true;
  }
  std::int64_t greatest = 0;
};

Task<Status> lead_once(Resource& resource, std::int64_t token, int& leading) {
  EXPECT_EQ(++leading, 1);
  EXPECT_TRUE(resource.write(token));
  EXPECT_FALSE(resource.write(token - 1));
  const Status status = co_await net::sleep(100ms);
  --leading;
  co_return status;
}

TEST_F(EtcdLocks, LeadersFollowEachOther) {
  Resource resource;
  int leading = 0;
  const auto term = [&](const Lock& lock) { return lead_once(resource, lock.token(), leading); };
  const auto [first, second] = run(weft::all(a->lead("job", term), b->lead("job", term)));
  EXPECT_TRUE(first.ok()) << first;
  EXPECT_TRUE(second.ok()) << second;
  EXPECT_GT(resource.greatest, 0);
}

TEST_F(EtcdLocks, ATransactionOfADatabaseCannotCheckThem) {
  sql::Transaction none(nullptr);
  EXPECT_THAT(run(a->check(none, "job", 1)).to_string(),
              HasSubstr("UNIMPLEMENTED: the lock \"job\" is in etcd"));
}

TEST_F(EtcdLocks, RefusesOtherTargetsAndLongNames) {
  EXPECT_EQ(transaction::etcd_locks(loop, "dns:etcd:2379").status().to_string(),
            "INVALID_ARGUMENT: the target 'dns:etcd:2379' is not that of an etcd: "
            "etcd://host:2379/prefix");
  EXPECT_EQ(transaction::etcd_locks(loop, "etcd://host:2379/locks", std::string(256, 'x'))
                .status()
                .code(),
            StatusCode::InvalidArgument);
}

}  // namespace
}  // namespace weft::test
