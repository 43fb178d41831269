#include <string>
#include <utility>
#include <vector>

#include "weft/coro/all.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

class PostgresFailures : public Postgres {
 protected:
  Status outcome(postgres::Database& db, std::string_view text) {
    return run(db.run(text)).status();
  }
};

Task<Status> status_of(Task<Result<sql::Rows>> task) {
  co_return (co_await std::move(task)).status();
}

TEST_F(PostgresFailures, ADeadlineCancelsTheStatementInTheServer) {
  postgres::Database db = opened(one_connection());
  const TimePoint begun = loop.now();
  const Status status = run(net::in_own_context(50ms, status_of(db.run("SELECT pg_sleep(10)"))));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded) << status;
  EXPECT_LT(loop.now() - begun, 5s);
  // By the same connection: it was not closed.
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                             "query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")),
            0);
}

Task<std::vector<Status>> one_too_slow(postgres::Database db) {
  std::vector<Task<Status>> tasks;
  tasks.push_back(net::in_own_context(50ms, status_of(db.run("SELECT pg_sleep(10)"))));
  for (int i = 0; i < 5; ++i) tasks.push_back(status_of(db.run("SELECT pg_sleep(0.01)")));
  co_return co_await all(std::move(tasks));
}

TEST_F(PostgresFailures, ADeadlineOfOneSparesTheOthersInThePipeline) {
  for (int round = 0; round < 5; ++round) {
    const std::vector<Status> statuses = run(one_too_slow(opened(one_connection())));
    EXPECT_EQ(statuses[0].code(), StatusCode::DeadlineExceeded) << statuses[0];
    for (std::size_t i = 1; i < statuses.size(); ++i) EXPECT_TRUE(statuses[i].ok()) << statuses[i];
  }
}

Task<std::vector<Status>> waits_in_the_pipeline(postgres::Database db) {
  std::vector<Task<Status>> tasks;
  tasks.push_back(status_of(db.run("SELECT pg_sleep(0.3)")));
  tasks.push_back(net::in_own_context(20ms, status_of(db.run("SELECT pg_sleep(10)"))));
  tasks.push_back(status_of(db.run("SELECT 1")));
  co_return co_await all(std::move(tasks));
}

TEST_F(PostgresFailures, AStatementIsCancelledWhenItsTurnComes) {
  const std::vector<Status> statuses = run(waits_in_the_pipeline(opened(one_connection())));
  EXPECT_TRUE(statuses[0].ok()) << statuses[0];
  EXPECT_EQ(statuses[1].code(), StatusCode::DeadlineExceeded) << statuses[1];
  EXPECT_TRUE(statuses[2].ok()) << statuses[2];
}

TEST_F(PostgresFailures, AFrozenServerDoesNotHoldACallBeyondItsDeadline) {
  postgres::Options options = one_connection();
  options.cancel_timeout = 200ms;
  options.connect_timeout = 300ms;
  postgres::Database db = opened(options);
  server().signal_all(SIGSTOP);
  const TimePoint begun = loop.now();
  const Status status = run(net::in_own_context(100ms, status_of(db.run("SELECT 1"))));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded) << status;
  EXPECT_LT(loop.now() - begun, 5s);
  const Status again = outcome(db, "SELECT 1");
  EXPECT_EQ(again.code(), StatusCode::Unavailable) << again;
  server().signal_all(SIGCONT);
  const Status after = run(net::in_own_context(10s, status_of(db.run("SELECT 1"))));
  EXPECT_TRUE(after.ok()) << after;
}

Task<Status> ends_itself(sql::Queryable& db) {
  co_return (co_await db.run("SELECT pg_terminate_backend(pg_backend_pid())")).status();
}

TEST_F(PostgresFailures, AConnectionThatTheServerEndsIsReplaced) {
  postgres::Database db = opened(one_connection());
  EXPECT_EQ(state_of(run(ends_itself(db))), "57P01");
  EXPECT_TRUE(outcome(db, "SELECT 1").ok());
}

TEST_F(PostgresFailures, TheOutcomeOfALostWriteIsSaidToBeUnknown) {
  postgres::Database db = opened(one_connection());
  const int process = *run(db.one<int>("SELECT pg_backend_pid()"));
  struct Both {
    static Task<Status> run(postgres::Database writing, int process) {
      std::vector<Task<Status>> tasks;
      tasks.push_back(status_of(writing.run("WITH a AS (SELECT pg_sleep(5)) SELECT * FROM a")));
      tasks.push_back(kill(process));
      co_return (co_await all(std::move(tasks)))[0];
    }
    static Task<Status> kill(int process) {
      static_cast<void>(co_await net::sleep(50ms));
      // Not by PostgreSQL's own means, which say that nothing was done.
      ::kill(process, SIGKILL);
      co_return ok_status();
    }
  };
  const Status status = run(Both::run(db, process));
  EXPECT_EQ(status.code(), StatusCode::Unknown) << status;
  EXPECT_EQ(state_of(status), "08007");
}

Task<Status> commits_into_the_void(postgres::Database db) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  const Result<int> process = co_await tx->one<int>("SELECT pg_backend_pid()");
  if (!process.ok()) co_return process.status();
  // Commits with a trigger that waits are long enough to be interrupted.
  const auto made = co_await tx->run("INSERT INTO slow_commits VALUES (1)");
  if (!made.ok()) co_return made.status();
  Task<Status> commit = tx->commit();
  struct Killer {
    static Task<Status> kill(int process) {
      static_cast<void>(co_await net::sleep(50ms));
      ::kill(process, SIGKILL);
      co_return ok_status();
    }
  };
  std::vector<Task<Status>> tasks;
  tasks.push_back(std::move(commit));
  tasks.push_back(Killer::kill(*process));
  co_return (co_await all(std::move(tasks)))[0];
}

TEST_F(PostgresFailures, TheOutcomeOfALostCommitIsUnknownAndNotRepeated) {
  postgres::Database db = opened();
  for (const char* text :
       {"DROP TABLE IF EXISTS slow_commits", "CREATE TABLE slow_commits(n int)",
        "CREATE OR REPLACE FUNCTION wait_long() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(5); "
        "RETURN NULL; END' LANGUAGE plpgsql",
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow_commits INITIALLY DEFERRED FOR EACH "
        "ROW "
        "EXECUTE FUNCTION wait_long()"}) {
    const Status done = outcome(db, text);
    ASSERT_TRUE(done.ok()) << done;
  }
  const Status status = run(commits_into_the_void(db));
  EXPECT_EQ(status.code(), StatusCode::Unknown) << status;
  EXPECT_EQ(state_of(status), "08007");
  EXPECT_FALSE(sql::may_be_repeated(status));
}

Task<std::vector<Status>> under_load(postgres::Database db, TimePoint until, int& succeeded) {
  struct Caller {
    static Task<Status> call(postgres::Database db, TimePoint until, int& succeeded) {
      net::Loop& loop = *net::Loop::current();
      Status last;
      while (loop.now() < until) {
        last = (co_await db.run("SELECT 1")).status();
        if (last.ok()) ++succeeded;
        if (!last.ok() && last.code() != StatusCode::Unavailable) co_return last;
        static_cast<void>(co_await net::sleep(1ms));
      }
      co_return last;
    }
  };
  std::vector<Task<Status>> tasks;
  for (int i = 0; i < 32; ++i) tasks.push_back(Caller::call(db, until, succeeded));
  co_return co_await all(std::move(tasks));
}

TEST_F(PostgresFailures, ARestartUnderLoadIsSurvived) {
  postgres::Options options;
  options.connections = 4;
  postgres::Database db = opened(options);
  int before = 0;
  for (const Status& status : run(under_load(db, after(loop.now(), 200ms), before))) {
    EXPECT_TRUE(status.ok()) << status;
  }
  server().signal(SIGINT);
  EXPECT_EQ(outcome(db, "SELECT 1").code(), StatusCode::Unavailable);
  int away = 0;
  for (const Status& status : run(under_load(db, after(loop.now(), 200ms), away))) {
    EXPECT_EQ(status.code(), StatusCode::Unavailable) << status;
  }
  EXPECT_EQ(away, 0);
  server().start();
  int again = 0;
  const std::vector<Status> last = run(under_load(db, after(loop.now(), 2500ms), again));
  for (const Status& status : last) EXPECT_TRUE(status.ok()) << status;
  EXPECT_GT(again, 0);
}

TEST_F(PostgresFailures, ACrashDoesNotWaitForAClientThatSaysNothing) {
  // Frozen, so that the client is still to be accepted when the server is told to end.
  server().signal(SIGSTOP);
  const auto socket =
      net::Address::unix_path(server().folder() + "/.s.PGSQL." + std::to_string(server().port()));
  const auto silent = run(loop.connect(socket));
  EXPECT_TRUE(silent.ok()) << silent.status();
  const TimePoint begun = loop.now();
  server().signal(SIGQUIT);
  // PostgreSQL's authentication_timeout is a minute.
  EXPECT_LT(loop.now() - begun, 30s);
  server().start();
}

}  // namespace
}  // namespace weft::test
