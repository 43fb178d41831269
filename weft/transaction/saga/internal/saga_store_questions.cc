#include <algorithm>
#include <chrono>
#include <utility>

#include "weft/transaction/saga/internal/saga_store.h"

// Rows of weft_saga_step with kind 4. Whoever is first answers: a person or the deadline, in one
// statement each, and neither needs to own the saga.
namespace weft::transaction::internal {
namespace {

struct QuestionRow {
  std::string saga, name, question;
  Bytes text, otherwise;
  std::int64_t since = 0, due = 0;
};

sql::Timestamp time_of(std::int64_t millis) {
  return sql::Timestamp(std::chrono::milliseconds(millis));
}

PendingQuestion question_of(QuestionRow row) {
  PendingQuestion pending;
  pending.saga = std::move(row.saga);
  pending.saga_name = std::move(row.name);
  pending.question = std::move(row.question);
  pending.text = std::string(row.text.view());
  pending.otherwise = std::string(row.otherwise.view());
  pending.asked = time_of(row.since);
  if (row.due < SagaStore::kNoDeadline) pending.deadline = time_of(row.due);
  return pending;
}

struct AnswerRow {
  int state = 0;
  std::int64_t left = 0;  ///< milliseconds to its deadline
  Bytes reply;
};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

Task<Result<SagaStore::Answer>> SagaStore::answer_to(std::string id, std::string question) {
  Result<AnswerRow> row = co_await database_.one<AnswerRow>(
      sql("SELECT state, due - {now}, reply FROM weft_saga_step WHERE saga = $1 AND name = $2"), id,
      question);
  if (!row.ok()) co_return row.status();
  Answer answer;
  // Cut: a Duration has no room for all that the column may hold.
  constexpr std::int64_t kHour = 3'600'000;
  answer.left = std::chrono::milliseconds(std::min(row->left, kHour));
  if (row->state != static_cast<int>(StepState::Intent)) {
    answer.text.emplace(row->reply.view());
  }
  co_return answer;
}

Task<Status> SagaStore::expire(std::string id, std::string question) {
  const Result<sql::Rows> rows = co_await database_.run(
      sql("UPDATE weft_saga_step SET state = 2, reply = undo_request WHERE saga = $1 AND name = $2 "
          "AND kind = 4 AND state = 1 AND due <= {now}"),
      id, question);
  co_return rows.status();
}

Task<Status> SagaStore::answer(std::string id, std::string question, std::string answer) {
  const Result<sql::Rows> rows = co_await database_.run(
      sql("UPDATE weft_saga_step SET state = 2, reply = $3 WHERE saga = $1 AND name = $2 AND "
          "kind = 4 AND state = 1 AND due > {now} AND "
          "EXISTS (SELECT 1 FROM weft_saga WHERE id = $1 AND state = 1)"),
      id, question, Bytes::copy_of(answer));
  if (!rows.ok()) co_return rows.status();
  if (rows->changed() == 1) co_return ok_status();
  co_return co_await why_not_answered(std::move(id), std::move(question));
}

Task<Status> SagaStore::why_not_answered(std::string id, std::string question) {
  const Result<std::optional<int>> saga =
      co_await database_.maybe<int>("SELECT state FROM weft_saga WHERE id = $1", id);
  if (!saga.ok()) co_return saga.status();
  if (!saga->has_value()) co_return not_found("there is no saga " + quoted(id));
  const Result<std::optional<int>> step = co_await database_.maybe<int>(
      "SELECT state FROM weft_saga_step WHERE saga = $1 AND name = $2 AND kind = 4", id, question);
  if (!step.ok()) co_return step.status();
  const std::string what = "question " + quoted(question) + " of saga " + quoted(id);
  if (!step->has_value()) co_return not_found(what + " was not asked");
  if (**step == static_cast<int>(StepState::Done)) {
    co_return failed_precondition(what + " was answered already, by a person or by its deadline");
  }
  if (**step != static_cast<int>(StepState::Intent) ||
      **saga != static_cast<int>(SagaState::Running)) {
    co_return failed_precondition(what + " is asked no more: the saga has gone on without it");
  }
  co_return failed_precondition("the deadline of " + what + " has passed");
}

Task<Result<std::vector<PendingQuestion>>> SagaStore::pending(std::size_t most) {
  Result<std::vector<QuestionRow>> rows = co_await database_.all<QuestionRow>(
      sql("SELECT saga.id, saga.name, step.name, step.request, step.undo_request, step.since, "
          "step.due FROM weft_saga_step step JOIN weft_saga saga ON saga.id = step.saga WHERE "
          "step.kind = 4 AND step.state = 1 AND saga.state = 1 AND step.due > {now} "
          "ORDER BY step.since, saga.id, step.name LIMIT $1"),
      most);
  if (!rows.ok()) co_return rows.status();
  std::vector<PendingQuestion> questions;
  for (QuestionRow& row : *rows) questions.push_back(question_of(std::move(row)));
  co_return questions;
}

}  // namespace weft::transaction::internal
