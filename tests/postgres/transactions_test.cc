#include <string>
#include <utility>
#include <vector>

#include "weft/coro/all.h"
#include "weft/storage/sql/transact.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

class PostgresTransactions : public Postgres {
 protected:
  postgres::Database with_numbers(const postgres::Options& options = {}) {
    postgres::Database db = opened(options);
    for (const char* text : {"DROP TABLE IF EXISTS numbers", "CREATE TABLE numbers(n int)"}) {
      EXPECT_TRUE(run(db.run(text)).ok());
    }
    return db;
  }
};

Task<Status> insert(sql::Transaction& tx, int n) {
  co_return (co_await tx.run("INSERT INTO numbers VALUES ($1)", n)).status();
}

Task<Status> drops(postgres::Database db) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  co_return co_await insert(*tx, 1);
}

Task<Status> insert_and_end(postgres::Database db, int n, bool commit) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  const Status inserted = co_await insert(*tx, n);
  if (!inserted.ok()) co_return inserted;
  if (commit) co_return co_await tx->commit();
  co_return co_await tx->rollback();
}

TEST_F(PostgresTransactions, CommitKeepsAndRollbackTakesBack) {
  postgres::Database db = with_numbers(one_connection());
  EXPECT_TRUE(run(insert_and_end(db, 1, true)).ok());
  EXPECT_TRUE(run(insert_and_end(db, 2, false)).ok());
  EXPECT_EQ(*run(db.all<int>("SELECT n FROM numbers")), std::vector<int>{1});
}

TEST_F(PostgresTransactions, ADroppedTransactionIsRolledBack) {
  postgres::Database db = with_numbers(one_connection());
  EXPECT_TRUE(run(drops(db)).ok());
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM numbers")), 0);
}

Task<Status> insert_and_prepare(postgres::Database db, int n, std::string name) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  const Status inserted = co_await insert(*tx, n);
  if (!inserted.ok()) co_return inserted;
  co_return co_await tx->prepare(std::move(name));
}

TEST_F(PostgresTransactions, APreparedTransactionWaitsForItsEnd) {
  postgres::Database db = with_numbers(one_connection());
  const std::string longest = "weft:1-_./%" + std::string(188, 'x');
  ASSERT_TRUE(run(insert_and_prepare(db, 1, longest)).ok());
  ASSERT_TRUE(run(insert_and_prepare(db, 2, "two")).ok());
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM numbers")), 0);
  EXPECT_TRUE(run(db.run("commit /* mine */ prepared '" + longest + "'")).ok());
  EXPECT_TRUE(run(db.run("ROLLBACK PREPARED 'two'")).ok());
  EXPECT_EQ(*run(db.all<int>("SELECT n FROM numbers")), std::vector<int>{1});
  EXPECT_EQ(state_of(run(db.run("COMMIT PREPARED 'two'")).status()), "42704");
}

TEST_F(PostgresTransactions, ANameThatNeedsQuotesIsNotPrepared) {
  postgres::Database db = with_numbers(one_connection());
  for (const std::string& name : {std::string(), std::string("it's"), std::string(200, 'x')}) {
    EXPECT_EQ(run(insert_and_prepare(db, 1, name)).code(), StatusCode::InvalidArgument) << name;
  }
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM numbers")), 0);
}

Task<Status> prepares_after_an_error(postgres::Database db) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  static_cast<void>(co_await tx->run("SELECT 1 / 0"));
  co_return co_await tx->prepare("broken");
}

TEST_F(PostgresTransactions, AFailedTransactionIsNotPrepared) {
  postgres::Database db = with_numbers(one_connection());
  EXPECT_EQ(state_of(run(prepares_after_an_error(db))), "25P02");
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM pg_prepared_xacts")), 0);
}

Task<Status> ignores_an_error(postgres::Database db) {
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  static_cast<void>(co_await insert(*tx, 1));
  static_cast<void>(co_await tx->run("SELECT 1 / 0"));
  co_return co_await tx->commit();
}

TEST_F(PostgresTransactions, CommitAfterAnErrorSaysThatNothingHappened) {
  postgres::Database db = with_numbers();
  const Status status = run(ignores_an_error(db));
  EXPECT_EQ(state_of(status), "25P02");
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM numbers")), 0);
}

Task<Status> read_only(postgres::Database db) {
  Result<sql::Transaction> tx = co_await db.begin({.access = sql::Access::ReadOnly});
  if (!tx.ok()) co_return tx.status();
  co_return co_await insert(*tx, 1);
}

TEST_F(PostgresTransactions, AReadOnlyOneRefusesToWrite) {
  postgres::Database db = with_numbers();
  EXPECT_EQ(state_of(run(read_only(db))), "25006");
}

Task<Status> add_one(sql::Transaction& tx) {
  const Result<int> count = co_await tx.one<int>("SELECT count(*) FROM numbers");
  if (!count.ok()) co_return count.status();
  co_return co_await insert(tx, *count);
}

Task<Status> add_many(postgres::Database db) {
  const sql::TransactOptions options{.attempts = 20,
                                     .begin = {.isolation = sql::Isolation::Serializable}};
  std::vector<Task<Status>> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(sql::transact(db, options, add_one));
  const auto statuses = co_await all(std::move(tasks));
  for (const Status& status : statuses) {
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

TEST_F(PostgresTransactions, SerializationFailuresAreRepeated) {
  postgres::Database db = with_numbers();
  const Status status = run(add_many(db));
  EXPECT_TRUE(status.ok()) << status;
  // Each saw those before it.
  EXPECT_EQ(*run(db.all<int>("SELECT n FROM numbers ORDER BY n")),
            (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace weft::test
