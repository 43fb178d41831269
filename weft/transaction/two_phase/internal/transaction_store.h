#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/internal/schema.h"
#include "weft/transaction/two_phase/transaction_record.h"

namespace weft::transaction::internal {

/// What is known of a coordinator that is not this one.
enum class Lease : std::uint8_t {
  Held,
  Over,  ///< it is fenced: it will never write a commit record again
};

/// The tables of two-phase commit:
///
///     weft_two_phase            one row: the store's id, with which coordinators' ids begin
///     weft_coordinator          a row for each run of a coordinator, with its lease
///     weft_global_transaction   a row for each commit record, and for each heuristic outcome
///
/// A commit record is one INSERT that names its coordinator's row, so deleting that row fences the
/// coordinator: what it has not recorded by then is aborted. Every write may be repeated when its
/// outcome is unknown.
class TransactionStore {
 public:
  static constexpr int kVersion = 1;

  explicit TransactionStore(sql::Database database) : database_(std::move(database)) {}

  /// Makes the tables where there are none, and the store's id. FAILED_PRECONDITION where a newer
  /// program has made them.
  Task<Status> prepare();
  /// Makes nothing. NOT_FOUND where there are no tables.
  Task<Status> look_up();
  /// After prepare().
  const std::string& id() const noexcept { return id_; }

  /// Enters a run of a coordinator.
  Task<Status> enter(std::string coordinator, Duration lease);
  /// False: it was fenced.
  Task<Result<bool>> renew(std::string coordinator, Duration lease);
  /// Fences it where its lease has passed. An id that is not there is over.
  Task<Result<Lease>> fence_expired(std::string coordinator);

  enum class Recorded : std::uint8_t {
    Yes,
    Fenced,     ///< it is not recorded, and never will be
    IdIsTaken,  ///< by a transaction of another coordinator
  };
  /// Forces the commit record.
  Task<Result<Recorded>> commit(const TransactionRecord& record);
  Task<Result<std::optional<TransactionRecord>>> find(std::string id);
  /// Takes records out whose branches have all answered.
  Task<Status> forget(std::vector<std::string> ids);
  /// Keeps the record for people.
  Task<Status> keep_heuristic(const TransactionRecord& record);

  /// Makes `coordinator` the owner of records whose owner is fenced, and gives them. Fences whose
  /// lease has passed first.
  Task<Result<std::vector<TransactionRecord>>> take_over(std::string coordinator, std::size_t most);

  /// Those in one of `states`, the oldest first.
  Task<Result<std::vector<TransactionRecord>>> list(std::vector<TransactionState> states,
                                                    std::size_t most);
  /// Whether it was open or heuristic; from then on it is closed.
  Task<Result<bool>> close(std::string id, std::string note);

 private:
  std::string sql(std::string_view text) const { return with_clock(text, dialect_); }
  std::string_view locked(std::string_view lock) const noexcept {
    return dialect_ == Dialect::Postgres ? lock : std::string_view();
  }
  Task<Result<Recorded>> why_not_recorded(std::string id, std::string coordinator);

  sql::Database database_;
  Dialect dialect_ = Dialect::Sqlite;
  std::string id_;
};

}  // namespace weft::transaction::internal
