#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

#include "weft/storage/sql/database.h"

namespace weft::test {

/// Where a process sends itself a signal: at its n-th statement or commit, counted from 1.
struct Point {
  enum class When : std::uint8_t { Before, After };
  int number = 0;  ///< 0: never
  When when = When::Before;
  int signal = SIGKILL;
};

/// A database whose process dies or freezes at a point.
class PointStore final : public sql::Driver {
 public:
  PointStore(sql::Database database, Point point) : database_(std::move(database)), point_(point) {}

  /// Uses are counted from here on.
  void arm() noexcept { armed_ = true; }

  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    return at_point(database_.run(std::move(statement)));
  }
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    Result<sql::Transaction> begun = co_await database_.begin(options);
    if (!begun.ok()) co_return begun.status();
    co_return std::unique_ptr<sql::Session>(new Session(*this, *std::move(begun)));
  }

 private:
  class Session final : public sql::Session {
   public:
    Session(PointStore& store, sql::Transaction transaction)
        : store_(store), transaction_(std::move(transaction)) {}
    Task<Result<sql::Rows>> run(sql::Statement statement) override {
      return store_.at_point(transaction_.run(std::move(statement)));
    }
    Task<Status> commit() override { return store_.at_point(transaction_.commit()); }
    Task<Status> rollback() override { return transaction_.rollback(); }
    Task<Status> prepare(std::string name) override {
      return store_.at_point(transaction_.prepare(std::move(name)));
    }

   private:
    PointStore& store_;
    sql::Transaction transaction_;
  };

  template <class T>
  Task<T> at_point(Task<T> use) {
    const bool is_here = armed_ && ++uses_ == point_.number;
    if (is_here && point_.when == Point::When::Before) ::kill(::getpid(), point_.signal);
    T outcome = co_await std::move(use);
    if (is_here && point_.when == Point::When::After) ::kill(::getpid(), point_.signal);
    co_return outcome;
  }

  sql::Database database_;
  Point point_;
  bool armed_ = false;
  int uses_ = 0;
};

}  // namespace weft::test
