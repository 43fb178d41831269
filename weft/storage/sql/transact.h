#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/storage/sql/error.h"

namespace weft::sql {

struct TransactOptions {
  /// How often in all; 1 repeats nothing.
  int attempts = 5;
  /// The pause before the second attempt is up to this long; each further one up to twice as long,
  /// at most `most`. Which part of it is random, so that rivals do not meet again.
  Duration pause = std::chrono::milliseconds(5);
  Duration most = std::chrono::milliseconds(500);
  BeginOptions begin;
};
static_assert(std::is_trivially_destructible_v<TransactOptions>,
              "it stands in co_await expressions");

namespace internal {

inline const Status& status_of(const Status& status) noexcept { return status; }
template <class T>
const Status& status_of(const Result<T>& result) noexcept {
  return result.status();
}

/// Waits before attempt `next`, counted from 2, with `failed` as the reason; not OK where there are
/// no more attempts, or the Context ends: then with `failed` or the Context's reason.
Task<Status> pause_before(int next, TransactOptions options, Status failed);

template <class T, class F, class... Args>
Task<T> transact(Database database, TransactOptions options, F function, Args... arguments) {
  for (int attempt = 1;; ++attempt) {
    Result<Transaction> transaction = co_await database.begin(options.begin);
    Status status = transaction.status();
    std::optional<T> outcome;
    if (transaction.ok()) {
      outcome.emplace(co_await function(*transaction, arguments...));
      status = status_of(*outcome);
      if (status.ok()) {
        status = co_await transaction->commit();
      } else {
        // What the function saw is what the caller gets; a connection that is lost has rolled back.
        static_cast<void>(co_await transaction->rollback());
      }
    }
    if (status.ok()) co_return *std::move(outcome);
    if (!may_be_repeated(status)) co_return status;
    status = co_await pause_before(attempt + 1, options, std::move(status));
    if (!status.ok()) co_return status;
  }
}

}  // namespace internal

/// Runs `function(transaction, arguments...)`, a coroutine, in a transaction and commits where it
/// gives OK; else rolls back and gives what it gave. After a serialization failure or a deadlock
/// the whole is repeated, with pauses, so the function must have no other effects. A commit whose
/// outcome is unknown is not repeated.
///
///     Task<Status> move(sql::Transaction& tx, std::int64_t from, std::int64_t to, std::int64_t
///     sum); Status status = co_await sql::transact(db, move, from, to, sum);
///
/// The arguments are copied, so that each attempt gets the same.
template <class F, class... Args>
  requires std::invocable<F&, Transaction&, std::decay_t<Args>&...>
[[nodiscard]] auto transact(const Database& database, const TransactOptions& options, F function,
                            Args&&... arguments) {
  using Outcome =
      typename std::invoke_result_t<F&, Transaction&, std::decay_t<Args>&...>::value_type;
  return internal::transact<Outcome, F, std::decay_t<Args>...>(
      database, options, std::move(function), std::forward<Args>(arguments)...);
}
template <class F, class... Args>
  requires std::invocable<F&, Transaction&, std::decay_t<Args>&...>
[[nodiscard]] auto transact(const Database& database, F function, Args&&... arguments) {
  return transact(database, TransactOptions(), std::move(function),
                  std::forward<Args>(arguments)...);
}

}  // namespace weft::sql
