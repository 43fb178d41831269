#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"

namespace weft::sql {

/// What runs statements: a Database or a Transaction. A function that takes a Queryable& works
/// inside a transaction and outside of one.
///
///     Result<User> user = co_await db.one<User>("SELECT id, name FROM users WHERE id = $1", id);
///
/// Parameters and text are copied, so the Task may outlive them; it must not outlive the Queryable.
/// When the Context is cancelled or its deadline passes, the statement is cancelled in the database
/// and the Task ends with that reason.
class Queryable {
 public:
  virtual ~Queryable() = default;

  /// Runs one statement. INVALID_ARGUMENT where the number of parameters is not that of the
  /// statement's; else what docs/reference/sql-errors.md says, with an ErrorDetail.
  [[nodiscard]] Task<Result<Rows>> run(Statement statement) {
    if (!statement.status().ok()) return Result<Rows>(statement.status());
    return execute(std::move(statement));
  }
  template <Parameter... T>
  [[nodiscard]] Task<Result<Rows>> run(std::string_view text, const T&... parameters) {
    return run(Statement(text, parameters...));
  }
  /// The only row, as Rows::one().
  template <RowType R, Parameter... T>
  [[nodiscard]] Task<Result<R>> one(std::string_view text, const T&... parameters) {
    return one_of<R>(run(text, parameters...));
  }
  /// The only row or nothing, as Rows::maybe().
  template <RowType R, Parameter... T>
  [[nodiscard]] Task<Result<std::optional<R>>> maybe(std::string_view text,
                                                     const T&... parameters) {
    return maybe_of<R>(run(text, parameters...));
  }
  /// All rows, as Rows::all().
  template <RowType R, Parameter... T>
  [[nodiscard]] Task<Result<std::vector<R>>> all(std::string_view text, const T&... parameters) {
    return all_of<R>(run(text, parameters...));
  }

 protected:
  Queryable() = default;
  Queryable(const Queryable&) = default;
  Queryable(Queryable&&) = default;
  Queryable& operator=(const Queryable&) = default;
  Queryable& operator=(Queryable&&) = default;

 private:
  virtual Task<Result<Rows>> execute(Statement statement) = 0;

  template <RowType R>
  static Task<Result<R>> one_of(Task<Result<Rows>> task) {
    const Result<Rows> rows = co_await std::move(task);
    if (!rows.ok()) co_return rows.status();
    co_return rows->template one<R>();
  }
  template <RowType R>
  static Task<Result<std::optional<R>>> maybe_of(Task<Result<Rows>> task) {
    const Result<Rows> rows = co_await std::move(task);
    if (!rows.ok()) co_return rows.status();
    co_return rows->template maybe<R>();
  }
  template <RowType R>
  static Task<Result<std::vector<R>>> all_of(Task<Result<Rows>> task) {
    const Result<Rows> rows = co_await std::move(task);
    if (!rows.ok()) co_return rows.status();
    co_return rows->template all<R>();
  }
};

}  // namespace weft::sql
