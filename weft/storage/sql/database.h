#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/driver.h"
#include "weft/storage/sql/queryable.h"

namespace weft::sql {

/// Statements that happen together or not at all. Rolled back where it is destroyed before commit()
/// has succeeded. For one coroutine on the loop that began it; its Tasks end before it does.
class Transaction final : public Queryable {
 public:
  explicit Transaction(std::unique_ptr<Session> session) noexcept : session_(std::move(session)) {}
  Transaction(Transaction&&) noexcept = default;
  Transaction& operator=(Transaction&&) noexcept = default;

  /// OK: it is done, and stays done after a loss of power. ABORTED: it did not happen and may be
  /// repeated (transact() does). UNKNOWN, or a deadline that passed meanwhile: it may have
  /// happened.
  [[nodiscard]] Task<Status> commit();
  /// Takes all of it back and waits for that.
  [[nodiscard]] Task<Status> rollback();
  /// Ends this transaction and has the database keep it under `name` with its locks, over
  /// restarts, until `COMMIT PREPARED 'name'` or `ROLLBACK PREPARED 'name'`, which
  /// Database::run() takes: PostgreSQL's PREPARE TRANSACTION. `name` has 1 to 199 characters of
  /// A-Z, a-z, 0-9 and "-_.:%/".
  ///
  /// - INVALID_ARGUMENT: another name. UNIMPLEMENTED: the database has no such transactions.
  /// - FAILED_PRECONDITION (SQLSTATE 55000): max_prepared_transactions is 0.
  /// - Else, and where the outcome is not known, as commit(). But for an unknown outcome the
  ///   transaction was rolled back.
  [[nodiscard]] Task<Status> prepare(std::string name);

 private:
  Task<Result<Rows>> execute(Statement statement) override;
  static Task<Status> commit_and_end(std::unique_ptr<Session> session);
  static Task<Status> prepare_and_end(std::unique_ptr<Session> session, std::string name);
  static Task<Status> rollback_and_end(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

/// A database: a handle to copy. All copies share its connections, and the last one closes them.
/// Made by sqlite::open(); used from coroutines on any loop.
class Database : public Queryable {
 public:
  explicit Database(std::shared_ptr<Driver> driver) noexcept : driver_(std::move(driver)) {}

  /// Begins a transaction; waits for a connection where all are in use, as long as the Context lets
  /// it.
  [[nodiscard]] Task<Result<Transaction>> begin(BeginOptions options = {}) const;

 private:
  Task<Result<Rows>> execute(Statement statement) final;

  std::shared_ptr<Driver> driver_;
};

}  // namespace weft::sql
