#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "weft/base/bytes.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> email;
};

class PostgresStatements : public Postgres {
 protected:
  postgres::Database with_users() {
    postgres::Database db = opened();
    for (const char* text : {"DROP TABLE IF EXISTS users",
                             "CREATE TABLE users(id int PRIMARY KEY, name text NOT NULL, "
                             "email text UNIQUE, CONSTRAINT named CHECK (name <> ''))"}) {
      const auto done = run(db.run(text));
      EXPECT_TRUE(done.ok()) << done.status();
    }
    return db;
  }
};

TEST_F(PostgresStatements, KeepsWhatItIsGiven) {
  postgres::Database db = with_users();
  const auto inserted =
      run(db.run("INSERT INTO users VALUES ($2, $1, $3)", "Ada", 7, std::nullopt));
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_EQ(inserted->changed(), 1U);
  const Result<User> user = run(db.one<User>("SELECT * FROM users WHERE id = $1", 7));
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->name, "Ada");
  EXPECT_EQ(user->email, std::nullopt);
  EXPECT_EQ(run(db.one<int>("SELECT id FROM users WHERE id = $1", 8)).status().code(),
            StatusCode::NotFound);
}

TEST_F(PostgresStatements, KeepsEachType) {
  postgres::Database db = opened();
  const sql::Timestamp time(std::chrono::microseconds(1'700'000'000'123'456));
  const auto row = run(db.one<std::tuple<bool, double, Bytes, Bytes, sql::Timestamp, std::string>>(
      "SELECT $1::bool, $2::float8, $3::bytea, $4::bytea, $5::timestamptz, $6::text", true, 0.1,
      Bytes::of_static("a\0\xff"), Bytes(), time, "\xc3\xa4"));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_TRUE(std::get<0>(*row));
  EXPECT_EQ(std::get<1>(*row), 0.1);
  EXPECT_EQ(std::get<2>(*row), Bytes::of_static("a\0\xff"));
  EXPECT_TRUE(std::get<3>(*row).empty());
  EXPECT_EQ(std::get<4>(*row), time);
  EXPECT_EQ(std::get<5>(*row), "\xc3\xa4");
}

TEST_F(PostgresStatements, GivesOtherTypesAsText) {
  postgres::Database db = opened();
  const auto row = run(db.one<std::vector<std::string>::value_type>(
      "SELECT concat_ws('|', $1::numeric, $2::jsonb, $3::int[], 'infinity'::timestamptz)",
      "12345678901234567890.50", R"({"a": [1]})", "{1,2}"));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(*row, R"(12345678901234567890.50|{"a": [1]}|{1,2}|infinity)");
  const auto numeric = run(db.one<std::string>("SELECT 1.50::numeric"));
  ASSERT_TRUE(numeric.ok()) << numeric.status();
  EXPECT_EQ(*numeric, "1.50");
}

TEST_F(PostgresStatements, ABatchIsAllOrNothing) {
  postgres::Database db = with_users();
  sql::Statement insert("INSERT INTO users VALUES ($1, $2, NULL)");
  insert.add(1, "a").add(2, "b");
  EXPECT_EQ(run(db.run(insert))->changed(), 2U);
  sql::Statement again("INSERT INTO users VALUES ($1, $2, NULL)");
  again.add(3, "c").add(1, "again").add(4, "d");
  EXPECT_EQ(run(db.run(again)).status().code(), StatusCode::AlreadyExists);
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM users")), 2);
}

TEST_F(PostgresStatements, AnErrorHasItsStateAndConstraint) {
  postgres::Database db = with_users();
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a', 'x')")));
  const Status twice = run(db.run("INSERT INTO users VALUES (2, 'b', 'x')")).status();
  EXPECT_EQ(twice.to_string(),
            "ALREADY_EXISTS: duplicate key value violates unique constraint \"users_email_key\"");
  EXPECT_EQ(sql::error_detail(twice)->constraint, "users_email_key");
  const Status check = run(db.run("INSERT INTO users VALUES (3, '', NULL)")).status();
  EXPECT_EQ(check.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(sql::error_detail(check)->constraint, "named");
  const Status wrong = run(db.run("SELECT nothing FROM users")).status();
  EXPECT_EQ(wrong.code(), StatusCode::Internal);
  EXPECT_EQ(sql::error_detail(wrong)->position, "8");
  EXPECT_EQ(state_of(wrong), "42703");
}

TEST_F(PostgresStatements, RefusesWhatIsNotForRun) {
  postgres::Database db = opened();
  for (const char* text : {"BEGIN", " commit", "ROLLBACK", "COPY users FROM STDIN", "", "  "}) {
    EXPECT_EQ(run(db.run(text)).status().code(), StatusCode::InvalidArgument) << text;
  }
  EXPECT_EQ(run(db.run("SELECT $1::int", 1, 2)).status().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(run(db.run("SELECT $1::int")).status().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(run(db.run("SELECT $1::text", std::string("a\0b", 3))).status().code(),
            StatusCode::InvalidArgument);
  EXPECT_EQ(*run(db.one<int>("SELECT 1")), 1) << "the connection is as good as before";
}

TEST_F(PostgresStatements, ATableMayChangeUnderAStatement) {
  postgres::Database db = with_users();
  static_cast<void>(run(db.run("INSERT INTO users VALUES (1, 'a')")));
  EXPECT_EQ(run(db.run("SELECT * FROM users"))->names().size(), 3U);
  static_cast<void>(run(db.run("ALTER TABLE users ADD more int")));
  const auto rows = run(db.run("SELECT * FROM users"));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->names().size(), 4U);
  static_cast<void>(run(db.run("DEALLOCATE ALL")));
  EXPECT_TRUE(run(db.run("SELECT * FROM users")).ok());
}

TEST_F(PostgresStatements, KeepsFewStatementsPrepared) {
  postgres::Options options = one_connection();
  options.prepared_statements = 2;
  postgres::Database db = opened(options);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(*run(db.one<int>("SELECT " + std::to_string(i % 3))), i % 3);
  }
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM pg_prepared_statements")), 2);
}

TEST_F(PostgresStatements, ALargeResultIsRefusedAndItsNeighboursAreNot) {
  postgres::Options options = one_connection();
  options.max_result_bytes = 100'000;
  postgres::Database db = opened(options);
  const Status large =
      run(db.run("SELECT repeat('x', 1000), generate_series(1, 10000000)")).status();
  EXPECT_EQ(large.to_string(),
            "RESOURCE_EXHAUSTED: the result takes more than 100000 bytes "
            "(Options::max_result_bytes)");
  EXPECT_EQ(*run(db.one<int>("SELECT 1")), 1);
}

TEST_F(PostgresStatements, AHundredThousandRowsCome) {
  postgres::Database db = opened();
  const auto rows = run(db.all<std::int64_t>("SELECT * FROM generate_series(1, 100000)"));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->size(), 100'000U);
  EXPECT_EQ(rows->back(), 100'000);
}

}  // namespace
}  // namespace weft::test
