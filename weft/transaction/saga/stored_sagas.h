#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/storage/sql/timestamp.h"
#include "weft/transaction/saga/question.h"
#include "weft/transaction/saga/saga_record.h"
#include "weft/transaction/saga/saga_stats.h"

namespace weft::transaction {

namespace internal {
class SagaStore;
}  // namespace internal

/// A saga as it is stored.
struct SagaSummary {
  std::string id;
  std::string name;  ///< of its code
  SagaState state = SagaState::Running;
  std::int64_t epoch = 1;  ///< how many owners it had
  std::string owner;
  bool is_owned = false;  ///< the owner's lease has not passed
  sql::Timestamp started{};
  Status status;  ///< why it is undone, or is stuck
};

/// "running", "undo stuck".
std::string_view name_of(SagaState state) noexcept;
/// "intent", "undone".
std::string_view name_of(StepState state) noexcept;
/// "call", "question".
std::string_view name_of(StepKind kind) noexcept;

/// The sagas in a database, for people and their tools: needs neither the sagas' code nor their
/// services. Must outlive its Tasks.
class StoredSagas {
 public:
  /// Makes no tables. NOT_FOUND where no program has kept sagas in this database;
  /// FAILED_PRECONDITION where a newer one has.
  static Task<Result<StoredSagas>> open(sql::Database database);

  /// Those in one of `states`, the oldest first.
  Task<Result<std::vector<SagaSummary>>> list(std::vector<SagaState> states, std::size_t most);
  /// NOT_FOUND: there is none.
  Task<Result<SagaSummary>> find(std::string id);
  /// Steps, sleeps, questions and the pivot of a saga, in the order in which they began.
  Task<Result<std::vector<StepRecord>>> steps(std::string id);
  /// As Sagas::backlog(), Sagas::pending() and Sagas::answer().
  Task<Result<SagaBacklog>> backlog();
  Task<Result<std::vector<PendingQuestion>>> pending(std::size_t most);
  Task<Status> answer(std::string id, std::string question, std::string answer);

  /// Has a saga undone that runs or is stuck, by the next process that looks for sagas in the
  /// store: it needs not the saga's code. A process that runs it loses it. NOT_FOUND: there is no
  /// such saga. FAILED_PRECONDITION: it is over, or past its pivot.
  Task<Status> undo(std::string id);
  /// Lets a saga that is stuck go on from where it was, in the same way; an undo gets its whole
  /// time again. NOT_FOUND: there is no such saga. FAILED_PRECONDITION: it is not stuck.
  Task<Status> resume(std::string id);

 private:
  StoredSagas(sql::Database database, std::shared_ptr<internal::SagaStore> store)
      : database_(std::move(database)), store_(std::move(store)) {}
  Task<Status> refusal(std::string id, std::string_view what);

  sql::Database database_;
  std::shared_ptr<internal::SagaStore> store_;
};

}  // namespace weft::transaction
