#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/two_phase/transaction_record.h"

namespace weft::transaction {

namespace internal {
class TransactionStore;
}  // namespace internal

/// The records of two-phase commits in a database, for people and their tools. Must outlive its
/// Tasks.
class StoredTransactions {
 public:
  /// Makes no tables. NOT_FOUND where no coordinator has kept transactions in this database;
  /// FAILED_PRECONDITION where a newer program has.
  static Task<Result<StoredTransactions>> open(sql::Database database);

  /// Those in one of `states`, the oldest first. A transaction under way has no record, and one
  /// that every branch has committed has none any more.
  Task<Result<std::vector<TransactionRecord>>> list(std::vector<TransactionState> states,
                                                    std::size_t most);
  /// NOT_FOUND: there is none.
  Task<Result<TransactionRecord>> find(std::string id);
  /// Says that a person has seen to a transaction: a heuristic outcome was put right, or a branch
  /// that does not answer was ended otherwise. `note`, 1 to 10,000 bytes, is kept with the record.
  /// The decision stays, for participants that ask; it is no longer told to them.
  ///
  /// - NOT_FOUND: there is none. FAILED_PRECONDITION: it is closed already.
  /// - INVALID_ARGUMENT: the note.
  Task<Status> resolve(std::string id, std::string note);

 private:
  explicit StoredTransactions(std::shared_ptr<internal::TransactionStore> store)
      : store_(std::move(store)) {}
  std::shared_ptr<internal::TransactionStore> store_;
};

}  // namespace weft::transaction
