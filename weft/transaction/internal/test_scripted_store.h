#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "weft/storage/sql/database.h"

namespace weft::transaction::test {

/// A database whose statements wait or fail by script.
class ScriptedStore final : public sql::Driver {
 public:
  explicit ScriptedStore(sql::Database database) : database_(std::move(database)) {}

  /// Awaited before each statement, and with "BEGIN" before each transaction; an error is what the
  /// statement ends with. Null: nothing.
  std::function<Task<Status>(const sql::Statement&)> script;

  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    return scripted(database_, std::move(statement));
  }
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    if (script) {
      const sql::Statement begin("BEGIN");
      Status status = co_await script(begin);
      if (!status.ok()) co_return status;
    }
    Result<sql::Transaction> begun = co_await database_.begin(options);
    if (!begun.ok()) co_return begun.status();
    co_return std::unique_ptr<sql::Session>(new Session(*this, *std::move(begun)));
  }

 private:
  class Session final : public sql::Session {
   public:
    Session(ScriptedStore& store, sql::Transaction transaction)
        : store_(store), transaction_(std::move(transaction)) {}
    Task<Result<sql::Rows>> run(sql::Statement statement) override {
      return store_.scripted(transaction_, std::move(statement));
    }
    Task<Status> commit() override { return transaction_.commit(); }
    Task<Status> rollback() override { return transaction_.rollback(); }

   private:
    ScriptedStore& store_;
    sql::Transaction transaction_;
  };

  Task<Result<sql::Rows>> scripted(sql::Queryable& in, sql::Statement statement) {
    if (script) {
      Status status = co_await script(statement);
      if (!status.ok()) co_return status;
    }
    co_return co_await in.run(std::move(statement));
  }

  sql::Database database_;
};

}  // namespace weft::transaction::test
