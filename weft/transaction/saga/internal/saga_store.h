#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"
#include "weft/storage/sql/timestamp.h"
#include "weft/transaction/internal/schema.h"
#include "weft/transaction/saga/question.h"
#include "weft/transaction/saga/saga_record.h"
#include "weft/transaction/saga/saga_stats.h"

namespace weft::transaction::internal {

/// What is written of a saga in one commit; all of it or nothing, and nothing where another has
/// become the saga's owner.
struct SagaWrite {
  SagaWrite() {}

  std::string id;
  std::int64_t epoch = 0;
  std::optional<SagaRecord> start;
  /// New steps, and outcomes of known ones.
  std::vector<StepRecord> steps;
  /// The saga's state, reply and status.
  std::optional<SagaRecord> progress;

  bool empty() const noexcept { return !start && !progress && steps.empty(); }
};

enum class Written : std::uint8_t { Yes, OwnedByAnother };

/// A saga of this process.
struct Held {
  std::string id;
  std::int64_t epoch = 0;
};

/// Until when an owner that asked for its lease at `asked` is the owner for certain: a little less
/// than the table says, for clocks that do not go at the same speed.
inline TimePoint owned_until(TimePoint asked, Duration lease) {
  return after(asked, lease - lease / 8);
}

/// The tables of sagas:
///
///     weft_saga       a row for each saga
///     weft_saga_step  a row for each step, sleep and pivot, by saga and name
///
/// A write may be repeated when its outcome is unknown: it gives the same rows.
class SagaStore {
 public:
  static constexpr int kVersion = 1;

  explicit SagaStore(sql::Database database) : database_(std::move(database)) {}

  /// Makes the tables where there are none. FAILED_PRECONDITION where a newer program has made
  /// them.
  Task<Status> prepare();
  /// Makes nothing. NOT_FOUND where there are no tables.
  Task<Status> look_up();
  /// `text` with the database's clock.
  std::string sql(std::string_view text) const;
  /// Milliseconds since 1970.
  Task<Result<std::int64_t>> now();

  Task<Result<std::optional<SagaRecord>>> find(std::string id);
  Task<Result<std::vector<StepRecord>>> steps(std::string id);
  Task<Result<Written>> write(const SagaWrite& write, Duration lease);

  /// Makes `owner` the owner of an open saga whose owner had `epoch` and no longer has a lease.
  Task<Result<Written>> claim(std::string id, std::int64_t epoch, std::string owner,
                              Duration lease);
  /// Ids of open sagas without a lease that undo, or run one of `names`; the oldest first.
  Task<Result<std::vector<std::string>>> abandoned(std::vector<std::string> names,
                                                   std::size_t most);
  /// What is not over.
  Task<Result<SagaBacklog>> backlog();
  /// How many of them are still held; those have a lease from now.
  Task<Result<std::size_t>> renew(std::vector<Held> held, Duration lease);

  /// `due` of a question that waits for ever.
  static constexpr std::int64_t kNoDeadline = std::int64_t{1} << 60;
  struct Answer {
    std::optional<std::string> text;
    Duration left{};  ///< to the deadline; an hour stands for all that is longer
  };
  /// What was answered so far to a question that is stored.
  Task<Result<Answer>> answer_to(std::string id, std::string question);
  /// Gives the answer of the deadline, where that has passed and there is no other.
  Task<Status> expire(std::string id, std::string question);
  /// NOT_FOUND: no such saga or question. FAILED_PRECONDITION: it needs no answer any more.
  Task<Status> answer(std::string id, std::string question, std::string answer);
  /// The oldest first.
  Task<Result<std::vector<PendingQuestion>>> pending(std::size_t most);

 private:
  Task<Status> why_not_answered(std::string id, std::string question);
  Task<Result<Written>> start(sql::Queryable& in, const SagaRecord& saga, Duration lease);
  sql::Statement steps_statement(const SagaWrite& write) const;
  sql::Statement progress_statement(const SagaWrite& write) const;
  Task<Result<Written>> write_in(sql::Transaction& in, const SagaWrite& write, Duration lease);

  sql::Database database_;
  Dialect dialect_ = Dialect::Sqlite;
};

}  // namespace weft::transaction::internal
