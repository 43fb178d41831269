#include "weft/transaction/saga/stored_sagas.h"

#include <chrono>
#include <optional>
#include <utility>

#include "weft/storage/sql/transact.h"
#include "weft/transaction/internal/saved.h"
#include "weft/transaction/saga/internal/saga_store.h"

namespace weft::transaction {
namespace {

struct Row {
  std::string id, name;
  int state = 0;
  std::int64_t epoch = 0;
  std::string owner;
  int is_owned = 0;
  std::int64_t started = 0;
  int code = 0;
  Bytes message, details;
};

constexpr std::string_view kColumns =
    "SELECT id, name, state, epoch, owner, CASE WHEN lease_until > {now} THEN 1 ELSE 0 END, "
    "started_at, code, message, details FROM weft_saga ";

SagaSummary summary_of(Row row) {
  SagaSummary saga;
  saga.id = std::move(row.id);
  saga.name = std::move(row.name);
  saga.state = static_cast<SagaState>(row.state);
  saga.epoch = row.epoch;
  saga.owner = std::move(row.owner);
  saga.is_owned = row.is_owned != 0 && saga.state < SagaState::Stuck;
  saga.started = sql::Timestamp(std::chrono::milliseconds(row.started));
  saga.status = internal::reply_of(row.code, row.message, row.details, std::nullopt).status;
  return saga;
}

/// How many sagas that changes. Who has the saga cannot write it any more.
Task<Result<std::uint64_t>> let_go_on(sql::Transaction& tx, const std::string& id,
                                      std::string restart_undo) {
  const Result<sql::Rows> rows = co_await tx.run(
      "UPDATE weft_saga SET state = CASE state WHEN 4 THEN 1 WHEN 5 THEN 2 ELSE 3 END, "
      "epoch = epoch + 1, owner = '', lease_until = 0 WHERE id = $1 AND state IN (4, 5, 8)",
      id);
  if (!rows.ok()) co_return rows.status();
  if (rows->changed() == 0) co_return 0U;
  const Result<sql::Rows> steps = co_await tx.run(restart_undo, id);
  if (!steps.ok()) co_return steps.status();
  co_return rows->changed();
}

}  // namespace

std::string_view name_of(SagaState state) noexcept {
  switch (state) {
    case SagaState::Running:
      return "running";
    case SagaState::Undoing:
      return "undoing";
    case SagaState::Finishing:
      return "finishing";
    case SagaState::Stuck:
      return "stuck";
    case SagaState::UndoStuck:
      return "undo stuck";
    case SagaState::FinishStuck:
      return "finish stuck";
    case SagaState::Done:
      return "done";
    case SagaState::Undone:
      return "undone";
  }
  return "unknown";
}

std::string_view name_of(StepState state) noexcept {
  switch (state) {
    case StepState::Intent:
      return "intent";
    case StepState::Done:
      return "done";
    case StepState::Failed:
      return "failed";
    case StepState::UndoIntent:
      return "undo intent";
    case StepState::Undone:
      return "undone";
  }
  return "unknown";
}

std::string_view name_of(StepKind kind) noexcept {
  switch (kind) {
    case StepKind::Call:
      return "call";
    case StepKind::Sleep:
      return "sleep";
    case StepKind::Pivot:
      return "pivot";
    case StepKind::Ask:
      return "question";
  }
  return "unknown";
}

Task<Result<StoredSagas>> StoredSagas::open(sql::Database database) {
  auto store = std::make_shared<internal::SagaStore>(database);
  const Status status = co_await store->look_up();
  if (!status.ok()) co_return status;
  co_return StoredSagas(std::move(database), std::move(store));
}

Task<Result<std::vector<SagaSummary>>> StoredSagas::list(std::vector<SagaState> states,
                                                         std::size_t most) {
  std::string numbers = "0";
  for (const SagaState state : states) numbers += ", " + std::to_string(static_cast<int>(state));
  Result<std::vector<Row>> rows = co_await database_.all<Row>(
      store_->sql(kColumns) + "WHERE state IN (" + numbers + ") ORDER BY started_at, id LIMIT $1",
      most);
  if (!rows.ok()) co_return rows.status();
  std::vector<SagaSummary> sagas;
  for (Row& row : *rows) sagas.push_back(summary_of(std::move(row)));
  co_return sagas;
}

Task<Result<SagaSummary>> StoredSagas::find(std::string id) {
  Result<std::optional<Row>> row =
      co_await database_.maybe<Row>(store_->sql(kColumns) + "WHERE id = $1", id);
  if (!row.ok()) co_return row.status();
  if (!row->has_value()) co_return not_found("there is no saga \"" + id + "\"");
  co_return summary_of(**std::move(row));
}

Task<Result<std::vector<StepRecord>>> StoredSagas::steps(std::string id) {
  return store_->steps(std::move(id));
}
Task<Result<std::vector<PendingQuestion>>> StoredSagas::pending(std::size_t most) {
  return store_->pending(most);
}
Task<Result<SagaBacklog>> StoredSagas::backlog() { return store_->backlog(); }
Task<Status> StoredSagas::answer(std::string id, std::string question, std::string answer) {
  return store_->answer(std::move(id), std::move(question), std::move(answer));
}

Task<Status> StoredSagas::undo(std::string id) {
  const Status why = aborted("a person had the saga undone");
  const Result<sql::Rows> rows = co_await database_.run(
      "UPDATE weft_saga SET state = 2, epoch = epoch + 1, owner = '', lease_until = 0, code = $2, "
      "message = $3 WHERE id = $1 AND state IN (1, 4) AND NOT EXISTS (SELECT 1 FROM "
      "weft_saga_step WHERE saga = $1 AND kind = 3)",
      id, static_cast<int>(why.code()), Bytes::copy_of(why.message()));
  if (!rows.ok()) co_return rows.status();
  if (rows->changed() == 1) co_return ok_status();
  co_return co_await refusal(std::move(id), "undone: it runs no more, or is past its pivot");
}

Task<Status> StoredSagas::resume(std::string id) {
  const std::string restart_undo =
      store_->sql("UPDATE weft_saga_step SET since = {now} WHERE saga = $1 AND state = 4");
  const Result<std::uint64_t> changed =
      co_await sql::transact(database_, let_go_on, id, restart_undo);
  if (!changed.ok()) co_return changed.status();
  if (*changed == 1) co_return ok_status();
  co_return co_await refusal(std::move(id), "resumed: it is not stuck");
}

Task<Status> StoredSagas::refusal(std::string id, std::string_view what) {
  const Result<SagaSummary> saga = co_await find(id);
  if (!saga.ok()) co_return saga.status();
  co_return failed_precondition("saga \"" + id + "\" is " + std::string(name_of(saga->state)) +
                                " and cannot be " + std::string(what));
}

}  // namespace weft::transaction
