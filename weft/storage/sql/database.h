#pragma once

#include <memory>
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

 private:
  Task<Result<Rows>> execute(Statement statement) override;
  static Task<Status> commit_and_end(std::unique_ptr<Session> session);
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
