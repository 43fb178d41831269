#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "weft/coro/all.h"
#include "weft/coro/context.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sql/error.h"
#include "weft/storage/sql/transact.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"

namespace weft::sqlite {
namespace {

using namespace std::chrono_literals;

Options with_users() {
  Options options;
  options.migrations.push_back(
      {"users",
       "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE)"});
  return options;
}

class Sqlite : public ::testing::Test {
 protected:
  /// In a simulated host, where everything happens on this thread.
  template <class T>
  T run(Task<T> task, Context* context = nullptr) {
    return weft::testing::run(host, std::move(task), 1h, context);
  }
  Database opened(Options options = with_users()) { return *run(open(path, std::move(options))); }
  Status failure(Options options) { return run(open(path, std::move(options))).status(); }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  weft::testing::Folder folder;
  std::string path = folder.file("data.db");
};

struct User {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> email;
};

TEST_F(Sqlite, KeepsWhatItIsGiven) {
  Database db = opened();
  const auto inserted =
      run(db.run("INSERT INTO users VALUES ($2, $1, $3)", "Ada", 7, std::nullopt));
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_EQ(inserted->changed(), 1U);
  const Result<User> user = run(db.one<User>("SELECT * FROM users WHERE id = $1", 7));
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->name, "Ada");
  EXPECT_EQ(user->email, std::nullopt);
}

TEST_F(Sqlite, KeepsEachType) {
  Database db = opened();
  const sql::Timestamp time(std::chrono::microseconds(1'700'000'000'123'456));
  const auto row = run(db.one<std::tuple<bool, double, Bytes, Bytes, sql::Timestamp>>(
      "SELECT $1, $2, $3, $4, $5", true, 0.5, Bytes::of_static("a\0b"), Bytes(), time));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_TRUE(std::get<0>(*row));
  EXPECT_EQ(std::get<1>(*row), 0.5);
  EXPECT_TRUE(std::get<3>(*row).empty());
  EXPECT_EQ(std::get<4>(*row), time);
}

TEST_F(Sqlite, ABatchIsAllOrNothing) {
  Database db = opened();
  sql::Statement insert("INSERT INTO users VALUES ($1, $2, NULL)");
  insert.add(1, "a").add(2, "b").add(1, "again");
  EXPECT_EQ(run(db.run(insert)).status().code(), StatusCode::AlreadyExists);
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 0);
}

TEST_F(Sqlite, AConstraintIsNamed) {
  Database db = opened();
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', 'x')")));
  const Status status = run(db.run("INSERT INTO users VALUES (2, 'b', 'x')")).status();
  EXPECT_EQ(status.to_string(), "ALREADY_EXISTS: UNIQUE constraint failed: users.email");
  EXPECT_EQ(sql::error_detail(status)->sqlstate, "23505");
  EXPECT_EQ(sql::error_detail(status)->constraint, "users.email");
}

TEST_F(Sqlite, RefusesWhatIsNotForRun) {
  Database db = opened();
  for (const char* text : {"BEGIN", "COMMIT", "SAVEPOINT s", "ATTACH 'x' AS y",
                           "PRAGMA synchronous = OFF", "", "SELECT 1; SELECT 2"}) {
    EXPECT_EQ(run(db.run(text)).status().code(), StatusCode::InvalidArgument) << text;
  }
  EXPECT_EQ(run(db.run("SELECT $1", 1, 2)).status().message(),
            "the statement takes 1 parameters, 2 were given: SELECT $1");
  EXPECT_EQ(run(db.run("SELECT * FROM nowhere")).status().code(), StatusCode::Internal);
}

Task<Status> drops(Database db) {
  Result<sql::Transaction> tx = co_await db.begin();
  co_return (co_await tx->run("INSERT INTO users VALUES (1, 'a', NULL)")).status();
}

TEST_F(Sqlite, ADroppedTransactionIsRolledBack) {
  Database db = opened();
  EXPECT_TRUE(run(drops(db)).ok());
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 0);
}

Task<Status> inserts(sql::Transaction& tx, std::int64_t id) {
  co_return (co_await tx.run("INSERT INTO users VALUES ($1, 'a', NULL)", id)).status();
}

TEST_F(Sqlite, ATransactionIsKeptWhenItIsCommitted) {
  Database db = opened();
  EXPECT_TRUE(run(sql::transact(db, inserts, 1)).ok());
  EXPECT_EQ(run(sql::transact(db, inserts, 1)).code(), StatusCode::AlreadyExists);
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 1);
}

TEST_F(Sqlite, AReadOnlyTransactionSeesOneState) {
  Database db = opened();
  sql::BeginOptions reading;
  reading.access = sql::Access::ReadOnly;
  Result<sql::Transaction> tx = run(db.begin(reading));
  EXPECT_EQ(*run(tx->one<int>("SELECT count(*) FROM users")), 0);
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")));
  EXPECT_EQ(*run(tx->one<int>("SELECT count(*) FROM users")), 0);
  EXPECT_EQ(run(tx->run("DELETE FROM users")).status().code(), StatusCode::FailedPrecondition);
  EXPECT_TRUE(run(tx->commit()).ok());
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 1);
}

TEST_F(Sqlite, AResultAboveTheLimitIsRefused) {
  Options options;
  options.max_result_bytes = 1000;
  Database db = opened(options);
  EXPECT_EQ(run(db.run("SELECT zeroblob(2000)")).status().code(), StatusCode::ResourceExhausted);
}

TEST_F(Sqlite, FilesAreForTheirUserOnly) {
  Database db = opened();
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(Sqlite, MigrationsRunOnce) {
  Options options = with_users();
  { Database db = opened(options); }
  options.migrations.push_back({"age", "ALTER TABLE users ADD COLUMN age INTEGER"});
  Database db = opened(options);
  EXPECT_EQ(*run(db.one<std::string>("SELECT group_concat(name) FROM weft_migrations")),
            "users,age");
}

TEST_F(Sqlite, ANewerFileIsRefused) {
  Options options = with_users();
  options.migrations.push_back({"age", "ALTER TABLE users ADD COLUMN age INTEGER"});
  { Database db = opened(options); }
  EXPECT_EQ(
      failure(with_users()),
      failed_precondition(
          path + ": written by a newer program: its schema has version 2, this program knows 1; "
                 "the file is unchanged"));
}

TEST_F(Sqlite, AnotherHistoryIsRefused) {
  { Database db = opened(); }
  Options options;
  options.migrations.push_back({"people", "CREATE TABLE people(id)"});
  EXPECT_EQ(failure(options).code(), StatusCode::FailedPrecondition);
}

TEST_F(Sqlite, AFailedMigrationIsTakenBack) {
  Options options = with_users();
  options.migrations.push_back({"broken", "CREATE TABLE half(id); CREATE TABLE users(id)"});
  EXPECT_EQ(failure(options).code(), StatusCode::Internal);
  Database db = opened();
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM sqlite_master WHERE name = 'half'")), 0);
}

TEST_F(Sqlite, AFileOfAnotherProgramIsRefused) {
  Options options = with_users();
  options.application_id = 1;
  { Database db = opened(options); }
  options.application_id = 2;
  EXPECT_EQ(failure(options).code(), StatusCode::FailedPrecondition);
}

TEST_F(Sqlite, WhatIsNoDatabaseIsRefused) {
  folder.write("data.db", std::string(4096, 'x'));
  EXPECT_EQ(failure(with_users()).code(), StatusCode::DataLoss);
}

TEST_F(Sqlite, AFileToBeReadOnlyIsNotWritten) {
  { Database db = opened(); }
  Options options = with_users();
  options.access = sql::Access::ReadOnly;
  Database db = opened(options);
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 0);
  EXPECT_EQ(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")).status().code(),
            StatusCode::FailedPrecondition);
  EXPECT_EQ(run(db.begin()).status().code(), StatusCode::FailedPrecondition);
}

TEST_F(Sqlite, ALockOfAnotherProgramIsNamed) {
  Options options = with_users();
  options.busy_timeout = 1ms;
  Database db = opened(options);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Status status = run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")).status();
  EXPECT_EQ(status.to_string(),
            "ABORTED: " + path + ": database is locked; another program keeps a lock on the file");
  sqlite3_close(other);
  EXPECT_TRUE(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")).ok());
}

TEST_F(Sqlite, ABackupIsTheWholeDatabase) {
  Database db = opened();
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")));
  const std::string copy = folder.file("copy.db");
  const Status status = run(db.backup(copy));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(run(db.backup(copy)).code(), StatusCode::AlreadyExists);
  path = copy;
  Database second = opened();
  EXPECT_EQ(*run(second.one<int>("SELECT count(*) FROM users")), 1);
}

TEST_F(Sqlite, AClosedDatabaseRefuses) {
  Database db = opened();
  EXPECT_TRUE(run(db.close()).ok());
  EXPECT_EQ(run(db.run("SELECT 1")).status().code(), StatusCode::Unavailable);
  EXPECT_EQ(run(db.begin()).status().code(), StatusCode::Unavailable);
}

TEST_F(Sqlite, AFullDiskIsNamedAndLosesNothing) {
  weft::testing::SqliteDisk disk(1);
  Options options = with_users();
  options.vfs = disk.vfs();
  Database db = opened(options);
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")));
  disk.set_room(0);
  const Status status =
      run(db.run("INSERT INTO users VALUES (2, $1, NULL)", std::string(100'000, 'b'))).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(sql::error_detail(status)->sqlstate, "53100");
  disk.set_room(SIZE_MAX);
  EXPECT_TRUE(run(db.run("INSERT INTO users VALUES (3, 'c', NULL)")).ok());
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 2);
}

TEST_F(Sqlite, AFailedSyncIsAnUnknownOutcome) {
  weft::testing::SqliteDisk disk(1);
  Options options = with_users();
  options.vfs = disk.vfs();
  Database db = opened(options);
  disk.fail_syncs(1);
  EXPECT_EQ(run(db.run("INSERT INTO users VALUES (1, 'a', NULL)")).status().code(),
            StatusCode::Unknown);
  EXPECT_EQ(run(db.run("INSERT INTO users VALUES (2, 'a', NULL)")).status().code(),
            StatusCode::Unavailable);
}

/// The power fails in each write of a run in turn: what was confirmed is there, and no transaction
/// is in part.
TEST_F(Sqlite, ALossOfPowerLosesNothingThatWasConfirmed) {
  for (std::uint64_t stop = 1; stop < 60; ++stop) {
    path = folder.file("power" + std::to_string(stop));
    weft::testing::SqliteDisk disk(stop);
    Options options = with_users();
    options.vfs = disk.vfs();
    options.integrity = IntegrityCheck::Whole;
    std::vector<int> confirmed;
    {
      Database db = opened(options);
      disk.stop_at(stop);
      for (int id = 1; id < 20; ++id) {
        sql::Statement pair("INSERT INTO users VALUES ($1, $2, NULL)");
        pair.add(id, std::string(3000, 'x')).add(-id, "y");
        if (run(db.run(pair)).ok()) confirmed.push_back(id);
      }
    }
    disk.restart();
    Database db = opened(options);
    for (const int id : confirmed) {
      EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users WHERE abs(id) = $1", id)), 2) << stop;
    }
    EXPECT_EQ(
        *run(db.one<int>(
            "SELECT count(*) FROM (SELECT 1 FROM users GROUP BY abs(id) HAVING count(*) <> 2)")),
        0)
        << "stop " << stop;
  }
}

// ---- On threads
// ------------------------------------------------------------------------------------------

Task<Status> inserts_one(Database db, int id) {
  co_return (co_await db.run("INSERT INTO users VALUES ($1, 'a', NULL)", id % 200)).status();
}

Task<int> inserts_many(std::string path, const weft::testing::SqliteDisk* disk,
                       std::uint64_t* syncs) {
  Options options = with_users();
  options.vfs = disk->vfs();
  Result<Database> db = co_await open(path, options);
  const std::uint64_t before = disk->syncs();
  std::vector<Task<Status>> tasks;
  for (int id = 0; id < 256; ++id) tasks.push_back(inserts_one(*db, id));
  const std::vector<Status> statuses = co_await all(std::move(tasks));
  *syncs = disk->syncs() - before;
  const auto ok =
      std::count_if(statuses.begin(), statuses.end(), [](const Status& one) { return one.ok(); });
  const Result<int> there = co_await db->one<int>("SELECT count(*) FROM users");
  EXPECT_EQ(*there, ok);
  static_cast<void>(co_await db->close());
  co_return static_cast<int>(ok);
}

TEST(SqliteThreads, ManyCommitsShareSyncs) {
  const weft::testing::Folder folder;
  const weft::testing::SqliteDisk disk(1);
  net::AsioLoop loop;
  std::uint64_t syncs = 0;
  // 56 of them fail, and take none of the others along.
  EXPECT_EQ(weft::testing::run(loop, inserts_many(folder.file("data.db"), &disk, &syncs)), 200);
  EXPECT_LT(syncs, 128U);
}

Task<Status> runs_for_ever(std::string path, Duration limit) {
  Result<Database> db = co_await open(path);
  Context context(co_await current_context());
  context.limit_deadline(net::Loop::current()->now() + limit);
  const Result<sql::Rows> rows = co_await db
                                     ->run(
                                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                         "FROM n) SELECT count(*) FROM n")
                                     .in(context);
  const Result<int> next = co_await db->one<int>("SELECT 1");
  EXPECT_EQ(*next, 1);
  co_return rows.status();
}

TEST(SqliteThreads, ADeadlineEndsAStatement) {
  const weft::testing::Folder folder;
  net::AsioLoop loop;
  EXPECT_EQ(weft::testing::run(loop, runs_for_ever(folder.file("data.db"), 10ms)).code(),
            StatusCode::DeadlineExceeded);
}

Task<int> transfers(std::string path) {
  Result<Database> db = co_await open(path, with_users());
  std::vector<Task<Status>> tasks;
  for (int id = 1; id <= 32; ++id) tasks.push_back(sql::transact(*db, inserts, id));
  const std::vector<Status> statuses = co_await all(std::move(tasks));
  for (const Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
  const Result<int> there = co_await db->one<int>("SELECT count(*) FROM users");
  co_return *there;
}

TEST(SqliteThreads, TransactionsTakeTurns) {
  const weft::testing::Folder folder;
  net::AsioLoop loop;
  EXPECT_EQ(weft::testing::run(loop, transfers(folder.file("data.db"))), 32);
}

}  // namespace
}  // namespace weft::sqlite
