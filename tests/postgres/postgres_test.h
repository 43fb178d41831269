#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/coro/context.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/storage/postgres/database.h"
#include "weft/storage/sql/error.h"
#include "weft/testing/run.h"

#include "tests/postgres/postgres_process.h"

namespace weft::test {

using namespace std::chrono_literals;

/// A loop on the test's thread beside the program's server.
class Postgres : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_postgres())
      GTEST_SKIP() << "PostgreSQL is not installed (./dev setup), or user nobody cannot reach it";
    static_cast<void>(server());
  }

  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(loop, std::move(task), 20s);
  }
  postgres::Database opened(const postgres::Options& options = {}) {
    return opened(server().connection_string(), options);
  }
  postgres::Database opened(const std::string& text, const postgres::Options& options) {
    Result<postgres::Database> db = run(postgres::open(text, options));
    // A test may have killed a process of the server, which then begins anew.
    for (int i = 0; i < 500 && db.status().code() == StatusCode::Unavailable; ++i) {
      static_cast<void>(run(net::sleep(10ms)));
      db = run(postgres::open(text, options));
    }
    EXPECT_TRUE(db.ok()) << db.status();
    return *std::move(db);
  }
  /// Crashes the server, and starts it again, while this loop stands still.
  static Task<Status> crash_server(Duration later) {
    Status status = co_await net::sleep(later);
    server().signal(SIGQUIT);
    server().start();
    co_return status;
  }
  static postgres::Options one_connection() {
    postgres::Options options;
    options.connections = 1;
    return options;
  }
  static std::string state_of(const Status& status) {
    const auto detail = sql::error_detail(status);
    return detail ? detail->sqlstate : "none: " + status.to_string();
  }

  net::AsioLoop loop;
};

}  // namespace weft::test
