#include <string>
#include <utility>
#include <vector>

#include "weft/coro/all.h"
#include "weft/testing/certificates.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

class PostgresConnections : public Postgres {
 protected:
  Status opening(const std::string& text, const postgres::Options& options = {}) {
    return run(postgres::open(text, options)).status();
  }
};

constexpr std::string_view kSecret = "seventeen-geese";

TEST_F(PostgresConnections, AConnectionStringThatCannotBeReadIsNotRepeated) {
  const Status status = opening("host=x seventeen-geese");
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.to_string().find(kSecret), std::string::npos) << status;
}

TEST_F(PostgresConnections, AWrongPasswordIsRefusedAndNotRepeated) {
  postgres::Database db = opened();
  static_cast<void>(run(db.run("DROP ROLE IF EXISTS guest")));
  ASSERT_TRUE(run(db.run("CREATE ROLE guest LOGIN PASSWORD 'right'")).ok());
  server().set_access("local all guest scram-sha-256\n");
  const auto opened_as = [&](const std::string& password) {
    return opening(server().connection_string(" user=guest password=" + password));
  };
  Status right = opened_as("right");
  EXPECT_TRUE(right.ok()) << right;
  // The server reads its new rules when it gets to it.
  Status wrong = opened_as(std::string(kSecret));
  for (int i = 0; i < 100 && wrong.ok(); ++i) {
    static_cast<void>(run(net::sleep(20ms)));
    wrong = opened_as(std::string(kSecret));
  }
  EXPECT_EQ(wrong.code(), StatusCode::FailedPrecondition) << wrong;
  EXPECT_EQ(state_of(wrong), "28P01");
  EXPECT_EQ(wrong.to_string().find(kSecret), std::string::npos) << wrong;
  right = opened_as("right");
  EXPECT_TRUE(right.ok()) << right;
}

TEST_F(PostgresConnections, ADatabaseThatIsNotThereIsNamed) {
  const Status status = opening(server().connection_string(" dbname=nowhere"));
  EXPECT_EQ(state_of(status), "3D000") << status;
  EXPECT_NE(status.message().find("nowhere"), std::string_view::npos);
}

TEST_F(PostgresConnections, AServerThatIsNotThereIsNamed) {
  const Status status = opening("host=127.0.0.1 port=1 user=owner");
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_NE(status.message().find("127.0.0.1:1"), std::string_view::npos) << status;
}

TEST_F(PostgresConnections, TheNextServerIsTriedAndNamesAreLookedUp) {
  const std::string port = std::to_string(server().port());
  const Result<postgres::Database> db = run(postgres::open(
      "postgresql://owner@127.0.0.1:1,localhost:" + port + "/postgres?target_session_attrs=primary",
      {}));
  ASSERT_TRUE(db.ok()) << db.status();
  const Status standby =
      opening("postgresql://owner@localhost:" + port + "/postgres?target_session_attrs=standby");
  EXPECT_EQ(standby.code(), StatusCode::Unavailable) << standby;
  const Status preferred = opening("postgresql://owner@localhost:" + port +
                                   "/postgres?target_session_attrs=prefer-standby");
  EXPECT_TRUE(preferred.ok()) << preferred;
}

Task<int> leases(postgres::Database db, int count, Duration wait) {
  std::vector<sql::Transaction> open;
  for (int i = 0; i < count; ++i) {
    Result<sql::Transaction> tx = co_await net::in_own_context(wait, db.begin());
    if (!tx.ok()) co_return -static_cast<int>(tx.status().code());
    open.push_back(*std::move(tx));
  }
  co_return static_cast<int>(open.size());
}

TEST_F(PostgresConnections, ATransactionWaitsForAConnectionAsLongAsItMay) {
  postgres::Options options;
  options.connections = 2;
  postgres::Database db = opened(options);
  EXPECT_EQ(run(leases(db, 2, 5s)), 2);
  EXPECT_EQ(run(leases(db, 3, 100ms)), -static_cast<int>(StatusCode::DeadlineExceeded));
  EXPECT_EQ(run(leases(db, 2, 5s)), 2) << "all are given back";
}

TEST_F(PostgresConnections, AServerWithoutFreeConnectionsIsNamed) {
  postgres::Options options;
  options.connections = 30;
  postgres::Database db = opened(options);
  // The server has 20; three of them are for superusers, as the owner is one.
  const int all_of_them = run(leases(db, 30, 500ms));
  EXPECT_EQ(all_of_them, -static_cast<int>(StatusCode::DeadlineExceeded));
  EXPECT_EQ(*run(db.one<int>("SELECT 1")), 1);
}

Task<std::vector<Result<int>>> many(postgres::Database db, int count) {
  std::vector<Task<Result<int>>> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(i % 10 == 9 ? db.one<int>("SELECT $1::int / 0", i)
                                : db.one<int>("SELECT $1::int", i));
  }
  co_return co_await all(std::move(tasks));
}

TEST_F(PostgresConnections, StatementsShareAPipelineAndAnErrorStaysWithItsOwn) {
  postgres::Options options = one_connection();
  options.pipeline_depth = 64;
  const std::vector<Result<int>> results = run(many(opened(options), 500));
  for (int i = 0; i < 500; ++i) {
    if (i % 10 == 9) {
      EXPECT_EQ(state_of(results[i].status()), "22012");
    } else {
      ASSERT_TRUE(results[i].ok()) << results[i].status();
      EXPECT_EQ(*results[i], i);
    }
  }
}

TEST_F(PostgresConnections, TooManyThatWaitAreRefused) {
  postgres::Options options = one_connection();
  options.pipeline_depth = 1;
  options.max_waiting = 3;
  int refused = 0;
  for (const Result<int>& result : run(many(opened(options), 6))) {
    if (result.status().code() == StatusCode::ResourceExhausted) ++refused;
  }
  EXPECT_EQ(refused, 2);
}

TEST_F(PostgresConnections, OldAndIdleConnectionsAreClosed) {
  postgres::Options options = one_connection();
  options.idle_connection = 1ms;
  postgres::Database db = opened(options);
  const int first = *run(db.one<int>("SELECT pg_backend_pid()"));
  static_cast<void>(run(net::sleep(1200ms)));
  EXPECT_NE(*run(db.one<int>("SELECT pg_backend_pid()")), first);
}

Task<Status> sleeps(postgres::Database db) {
  co_return (co_await db.run("SELECT pg_sleep(10)")).status();
}

TEST_F(PostgresConnections, TlsIsLibpqsOwn) {
  const testing::CertificateAuthority authority;
  const auto text = authority.server({.common_name = "localhost", .dns = {"localhost"}});
  server().write("server.pem", text.certificate);
  server().write("server.key", text.key);
  const std::string root = server().write("ca.pem", authority.certificate());
  postgres::Database db = opened();
  for (const auto& [setting, file] :
       {std::pair("ssl_cert_file", "server.pem"), std::pair("ssl_key_file", "server.key")}) {
    ASSERT_TRUE(run(db.run(std::string("ALTER SYSTEM SET ") + setting + " = '" + server().folder() +
                           "/" + file + "'"))
                    .ok());
  }
  ASSERT_TRUE(run(db.run("ALTER SYSTEM SET ssl = on")).ok());
  server().signal(SIGHUP);
  const std::string target = "host=localhost port=" + std::to_string(server().port()) +
                             " user=owner dbname=postgres sslmode=verify-full sslrootcert=" + root;
  Result<postgres::Database> secure = run(postgres::open(target));
  for (int i = 0; i < 100 && !secure.ok(); ++i) {
    static_cast<void>(run(net::sleep(20ms)));
    secure = run(postgres::open(target));
  }
  ASSERT_TRUE(secure.ok()) << secure.status();
  EXPECT_TRUE(*run(secure->one<bool>("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")));
  // More than a record of TLS.
  EXPECT_EQ(run(secure->one<std::string>("SELECT repeat('x', 300000)"))->size(), 300'000U);
  const Status slow = run(net::in_own_context(50ms, sleeps(*secure)));
  EXPECT_EQ(slow.code(), StatusCode::DeadlineExceeded) << slow;
  const Status other = opening(
      "host=localhost port=" + std::to_string(server().port()) +
      " user=owner dbname=postgres sslmode=verify-full sslrootcert=" +
      server().write("other.pem", testing::CertificateAuthority("another CA").certificate()));
  EXPECT_EQ(other.code(), StatusCode::Unavailable) << other;
  EXPECT_NE(other.message().find("certificate verify failed"), std::string_view::npos) << other;
}

}  // namespace
}  // namespace weft::test
