#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/timestamp.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/internal/work.h"
#include "weft/transaction/saga/internal/saga_counters.h"
#include "weft/transaction/saga/internal/saga_store.h"
#include "weft/transaction/saga/saga.h"
#include "weft/transaction/saga/saga_record.h"
#include "weft/transaction/saga/sagas.h"

namespace weft::transaction::internal {

/// One saga on its way in this process. Its drive() writes what the steps queue: all that is queued
/// in a turn shares a commit, and an outcome waits for the next intent or the end.
///
///     Running -- reply ----------> Finishing -- leftovers undone --> Done
///        |  \                         \-- an undo fails for too long --> FinishStuck
///        |   \-- error ----------> Undoing ---- all undone ---------> Undone
///        |                            \-- an undo fails for too long --> UndoStuck
///        \-- changed or missing step, failure after the pivot --> Stuck
class Execution {
 public:
  /// `fresh`: nothing of it is in the store yet.
  Execution(const SagasOptions& options, SagaStore& store, SagaCounters& counters, const Body* body,
            SagaRecord record, std::vector<StepRecord> steps, bool fresh);
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  void start(coro::DoneCallback done);

  const SagaRecord& record() const noexcept { return record_; }
  /// At the end: another process has the saga, so record() is not how it ended.
  bool is_lost() const noexcept { return lost_; }

  /// Whether the store has it, so that its lease can be renewed.
  bool is_stored() const noexcept { return stored_; }
  /// The lease, by this process's clock. No call is begun after it.
  void own_until(TimePoint end) noexcept { owned_until_ = end; }
  /// False where the lease has passed; then this ends without a result.
  bool owns();
  /// Another process has the saga now, or may have it.
  void lose();

  // For the saga's coroutine.
  Task<Result<std::string>> step(StepPlan plan);
  Task<> sleep_until(sql::Timestamp when);
  void pivot();
  Task<Result<std::string>> ask(QuestionPlan plan);

  /// A question was answered through this process.
  void on_answered() noexcept;

 private:
  Task<> drive();
  Task<> drive_to_end();
  Task<> run_body();
  void decide();
  void succeed(std::string reply);
  Task<> undo();
  void intend_undo(StepRecord& step);
  Task<> undo_step(StepRecord& step);
  Task<> flush();
  void refuse(SagaWrite write, const Status& why);

  Status check(const StepPlan& plan) const;
  Status check(const QuestionPlan& plan) const;
  bool is_full() const noexcept { return steps_.size() >= options_.max_steps; }
  std::string too_many() const;
  Task<> carry_out(StepRecord& step, Duration retry_for);
  void leave(StepRecord& step, Status why);
  Task<> wait_until_due(StepRecord& step);
  Task<Result<std::int64_t>> deadline_after(Duration within);
  Task<> wait_for_answer(StepRecord& step);
  Task<Status> share(const std::string& name, Task<> work);
  Result<std::shared_ptr<Service>> find(std::string_view name) const;
  Task<Result<std::string>> call(const CallData& data, Branch branch);
  StepRecord& add(std::string name, StepKind kind);
  void queue(const StepRecord& step);
  Task<> written();
  void park(std::string reason);
  void set_progress(SagaState state, Status status);
  Task<> pause(int attempt);

  const SagasOptions& options_;
  SagaStore& store_;
  SagaCounters& counters_;
  const Body* body_function_;
  SagaRecord record_;
  std::map<std::string, StepRecord> steps_;
  std::set<std::string> used_;  ///< names that the coroutine has come to
  bool pivoted_ = false;
  bool parked_ = false;
  bool lost_ = false;
  bool stored_;
  TimePoint owned_until_ = kNever;  ///< of a new saga: it calls nothing before it is stored
  bool body_over_ = false;

  SagaWrite pending_;
  std::uint64_t queued_ = 0;   ///< number of flushes that hold what is queued now
  std::uint64_t flushed_ = 0;  ///< flushes that are done
  Event wake_;
  Event flush_done_;
  Event answered_;
  Event never_;
  Saga saga_;
  Context context_;
  // Last: they wait for what is above.
  /// Steps and sleeps that are under way, by name.
  std::map<std::string, std::shared_ptr<Work>> works_;
  std::optional<Task<>> drive_;
  std::optional<Task<Result<std::string>>> body_;
};

}  // namespace weft::transaction::internal
