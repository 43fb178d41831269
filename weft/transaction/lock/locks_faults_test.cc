#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/internal/test_scripted_store.h"
#include "weft/transaction/lock/internal/test_locks.h"
#include "weft/transaction/lock/locks.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using test::LocksTest;
using test::Program;
/// A database whose commits take time, and end with another status than theirs.
class SlowCommits final : public test::ForwardingDriver {
 public:
  using ForwardingDriver::ForwardingDriver;
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    Result<std::unique_ptr<sql::Session>> begun = co_await ForwardingDriver::begin(options);
    if (!begun.ok()) co_return begun.status();
    co_return std::unique_ptr<sql::Session>(new Session(*this, *std::move(begun)));
  }
  Duration delay{};
  Status status;

 private:
  class Session final : public sql::Session {
   public:
    Session(SlowCommits& of, std::unique_ptr<sql::Session> session)
        : of_(of), session_(std::move(session)) {}
    Task<Result<sql::Rows>> run(sql::Statement statement) override {
      return session_->run(std::move(statement));
    }
    Task<Status> commit() override { return commit_slowly(of_, *session_); }
    Task<Status> rollback() override { return session_->rollback(); }

   private:
    static Task<Status> commit_slowly(SlowCommits& of, sql::Session& session) {
      Status status = co_await session.commit();
      if (!status.ok()) co_return status;
      status = co_await net::sleep(of.delay);
      co_return status.ok() ? of.status : status;
    }
    SlowCommits& of_;
    std::unique_ptr<sql::Session> session_;
  };
};

class LocksCommitTest : public LocksTest {
 protected:
  LocksCommitTest() { a().locks.emplace(*weft::testing::run(a().host, Locks::open(slow))); }
  std::shared_ptr<SlowCommits> commits = std::make_shared<SlowCommits>(*a().db);
  sql::Database slow{commits};
};

TEST_F(LocksCommitTest, ALockWhoseCommitIsUnknownIsGivenBack) {
  commits->status = Status(StatusCode::Unknown, "the connection was lost");
  EXPECT_EQ(acquire(a()).code(), StatusCode::Unknown);
  EXPECT_TRUE(acquire(b()).ok()) << "at once, not after a lease";
}

TEST_F(LocksCommitTest, ALockThatIsTakenTooLateIsGivenBack) {
  commits->delay = 1900ms;
  EXPECT_EQ(acquire(a(), {.lease = 2s}).code(), StatusCode::Aborted);
  EXPECT_TRUE(acquire(b()).ok());
}

TEST_F(LocksCommitTest, ALockThatIsTakenByACancelledCallerIsGivenBack) {
  commits->delay = 3s;
  Context context;
  context.limit_deadline(after(a().host.now(), 1s));
  const Result<Lock> lock = weft::testing::run(a().host, a().locks->acquire("job"), 1min, &context);
  EXPECT_EQ(lock.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_TRUE(acquire(b()).ok());
}

/// A database with a connection that gives no answer once: to the next statement that begins so.
class LocksSilenceTest : public LocksTest {
 protected:
  LocksSilenceTest() {
    silent->script = [this](const sql::Statement& statement) {
      const bool hit = !text.empty() && statement.text().starts_with(text);
      if (hit) text.clear();
      return silence(hit ? 1h : 0s);
    };
    a().locks.emplace(*weft::testing::run(a().host, Locks::open(store, "a")));
  }
  static Task<Status> silence(Duration length) {
    if (length == 0s) co_return ok_status();
    co_return co_await net::sleep(length);
  }
  std::string text;
  std::shared_ptr<test::ScriptedStore> silent = std::make_shared<test::ScriptedStore>(*a().db);
  sql::Database store{silent};
};

TEST_F(LocksSilenceTest, ARenewalWithoutAnAnswerIsTriedAgainInTime) {
  ASSERT_TRUE(acquire(a(), {.lease = 8s}).ok());
  text = "UPDATE weft_lock SET lease_until";
  network.run_for(1min);
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(a().held->is_held());
}

TEST_F(LocksSilenceTest, AnAttemptWithoutAnAnswerIsMadeAgain) {
  for (const char* begin : {"SELECT holder", "BEGIN", "UPDATE weft_lock_token"}) {
    text = begin;
    const Status taken = acquire(a(), {.lease = 8s, .wait = 1min});
    EXPECT_TRUE(text.empty());
    ASSERT_TRUE(taken.ok() && release(a()).ok()) << begin << ": " << taken;
  }
}

TEST_F(LocksSilenceTest, AnAttemptWithoutAnAnswerEndsWithItsReason) {
  text = "SELECT holder";
  const TimePoint begun = network.now();
  EXPECT_EQ(acquire(a(), {.lease = 8s}).to_string(),
            "DEADLINE_EXCEEDED: no answer about the lock \"job\": deadline exceeded after 8s");
  EXPECT_LE(network.now() - begun, 9s);
}

/// Three programs that take, lose, release and use the lock in random order.
TEST_F(LocksTest, ARandomWalkOfCrashesAndPausesKeepsTheOrderOfTokens) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    std::int64_t last = 0;
    std::vector<std::int64_t> tokens(programs.size());  // used also after their loss
    for (int step = 0; step < 200; ++step) {
      const std::size_t index = rng.below(programs.size());
      Program& program = *programs[index];
      switch (rng.below(7)) {
        case 0:
        case 1:
          if (program.held) break;
          if (!acquire(program, {.lease = 2s, .wait = 1s}).ok()) break;
          EXPECT_GT(program.held->token(), last);
          last = tokens[index] = program.held->token();
          break;
        case 2:
          drop(program);
          break;
        case 3:
          if (program.held) static_cast<void>(release(program));
          break;
        case 4:
          program.host.enter([&] { program.host.work(1ms * rng.below(4000)); });
          break;
        case 5:
          program.driver->away = !program.driver->away;
          break;
        default:
          network.run_for(1ms * rng.below(3000));
      }
      EXPECT_LE(holders(), 1);
      const std::int64_t token = tokens[index];
      if (token != 0 && act(program, token).ok()) {
        EXPECT_EQ(token, last);
      }
    }
    for (auto& program : programs) {
      program->driver->away = false;
      drop(*program);
    }
    network.run_for(10s);
  }
  const auto disorder = weft::testing::run(
      a().host, a().db->one<int>("SELECT count(*) FROM effect AS x JOIN effect AS y "
                                 "ON y.number = x.number + 1 WHERE y.token < x.token"));
  EXPECT_EQ(*disorder, 0);
  EXPECT_GT(*weft::testing::run(a().host, a().db->one<int>("SELECT count(*) FROM effect")), 100);
}

class LocksPowerTest : public LocksTest {
 protected:
  /// Takes the lock, writes under it, renews and releases it, twice, or as far as the disk lets it.
  void use_the_lock(Program& program) {
    for (int round = 0; round < 2; ++round) {
      if (!acquire(program, {.lease = 2s, .wait = 1min}).ok()) return;
      EXPECT_GT(program.held->token(), last);
      last = program.held->token();
      if (act(program, last).ok()) confirmed.push_back(last);
      network.run_for(1s);
      static_cast<void>(release(program));
    }
  }
  void lose_power() {
    for (const auto& program : programs) drop(*program);
    programs.clear();
    disk.restart();
    for (const char* name : {"a", "b"}) start(network.host(name));
  }
  std::int64_t last = 0;                // token of all
  std::vector<std::int64_t> confirmed;  // tokens of effects whose commit was confirmed
};

/// The power fails in each write in turn. After it another takes the lock.
TEST_F(LocksPowerTest, ALossOfPowerKeepsTheOrderOfTokens) {
  bool reached_end = false;
  std::uint64_t stop = 1;
  for (; !reached_end; ++stop) {
    SCOPED_TRACE("stop " + std::to_string(stop));
    ASSERT_LT(stop, 300U);
    disk.stop_at(stop);
    const std::int64_t before = last;
    use_the_lock(a());
    reached_end = !disk.is_stopped();
    lose_power();
    ASSERT_TRUE(acquire(b(), {.lease = 2s, .wait = 1min}).ok());
    EXPECT_GT(b().held->token(), last);
    for (std::int64_t old = before; old <= last; ++old) {
      EXPECT_EQ(act(a(), old).code(), StatusCode::FailedPrecondition) << old;
    }
    last = b().held->token();
    EXPECT_TRUE(act(b(), last).ok());
    confirmed.push_back(last);
    EXPECT_TRUE(release(b()).ok());
  }
  EXPECT_GT(stop, 20U) << "the lock is written more often than that";
  const auto effects = *weft::testing::run(
      a().host, a().db->all<std::int64_t>("SELECT token FROM effect ORDER BY number"));
  EXPECT_TRUE(std::is_sorted(effects.begin(), effects.end()));
  EXPECT_TRUE(std::includes(effects.begin(), effects.end(), confirmed.begin(), confirmed.end()));
}

}  // namespace
}  // namespace weft::transaction
