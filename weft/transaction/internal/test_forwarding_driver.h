#pragma once

#include <memory>
#include <utility>

#include "weft/storage/sql/database.h"

namespace weft::transaction::test {

/// A database that passes everything on to another, for tests that change some of it.
class ForwardingDriver : public sql::Driver {
 public:
  explicit ForwardingDriver(sql::Database database) : database_(std::move(database)) {}

  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    return database_.run(std::move(statement));
  }
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    return begin_on(database_, options);
  }

 protected:
  sql::Database& database() noexcept { return database_; }

 private:
  class Session final : public sql::Session {
   public:
    explicit Session(sql::Transaction transaction) : transaction_(std::move(transaction)) {}
    Task<Result<sql::Rows>> run(sql::Statement statement) override {
      return transaction_.run(std::move(statement));
    }
    Task<Status> commit() override { return transaction_.commit(); }
    Task<Status> rollback() override { return transaction_.rollback(); }

   private:
    sql::Transaction transaction_;
  };
  static Task<Result<std::unique_ptr<sql::Session>>> begin_on(sql::Database database,
                                                              sql::BeginOptions options) {
    Result<sql::Transaction> transaction = co_await database.begin(options);
    if (!transaction.ok()) co_return transaction.status();
    co_return std::unique_ptr<sql::Session>(std::make_unique<Session>(*std::move(transaction)));
  }

  sql::Database database_;
};

}  // namespace weft::transaction::test
