#include "weft/transaction/saga/internal/saga_store.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/internal/saved.h"
#include "weft/transaction/internal/schema.h"

namespace weft::transaction::internal {
namespace {

constexpr std::array<std::string_view, 4> kTables = {
    "CREATE TABLE weft_saga(id TEXT PRIMARY KEY, name TEXT NOT NULL, input BLOB NOT NULL, "
    "state BIGINT NOT NULL, epoch BIGINT NOT NULL, owner TEXT NOT NULL, "
    "lease_until BIGINT NOT NULL, reply BLOB NOT NULL, code BIGINT NOT NULL, "
    "message BLOB NOT NULL, details BLOB NOT NULL, started_at BIGINT NOT NULL)",
    "CREATE INDEX weft_saga_open ON weft_saga(state, lease_until)",
    "CREATE TABLE weft_saga_step(saga TEXT NOT NULL, name TEXT NOT NULL, "
    "position BIGINT NOT NULL, kind BIGINT NOT NULL, state BIGINT NOT NULL, path TEXT NOT NULL, "
    "request BLOB NOT NULL, undo_path TEXT NOT NULL, undo_request BLOB NOT NULL, "
    "reply BLOB NOT NULL, code BIGINT NOT NULL, message BLOB NOT NULL, details BLOB NOT NULL, "
    "due BIGINT NOT NULL, since BIGINT NOT NULL, PRIMARY KEY(saga, name))",
    "CREATE INDEX weft_saga_question ON weft_saga_step(since) WHERE kind = 4 AND state = 1"};

constexpr std::string_view kSagaColumns =
    "SELECT id, name, input, state, epoch, owner, reply, code, message, details FROM weft_saga ";
/// Running, Undoing or Finishing.
constexpr std::string_view kIsOpen = "state <= 3";
constexpr std::string_view kStepColumns =
    "SELECT name, position, kind, state, path, request, undo_path, undo_request, reply, code, "
    "message, details, due, {now} - since FROM weft_saga_step ";

struct SagaRow {
  std::string id, name;
  Bytes input;
  int state = 0;
  std::int64_t epoch = 0;
  std::string owner;
  Bytes reply;
  int code = 0;
  Bytes message, details;
};
struct StepRow {
  std::string name;
  std::int64_t position = 0;
  int kind = 0, state = 0;
  std::string path;
  Bytes request;
  std::string undo_path;
  Bytes undo_request, reply;
  int code = 0;
  Bytes message, details;
  std::int64_t due = 0, age = 0;
};

struct BacklogRow {
  std::uint64_t running = 0, stuck = 0;
  std::optional<std::int64_t> age;  ///< milliseconds
};

std::string text_of(const Bytes& bytes) { return std::string(bytes.view()); }

SagaRecord record_of(SagaRow row) {
  SagaRecord record;
  record.id = std::move(row.id);
  record.name = std::move(row.name);
  record.input = text_of(row.input);
  record.state = static_cast<SagaState>(row.state);
  record.epoch = row.epoch;
  record.owner = std::move(row.owner);
  record.reply = text_of(row.reply);
  record.status = reply_of(row.code, row.message, row.details, row.reply).status;
  return record;
}

StepRecord record_of(StepRow row) {
  StepRecord record;
  record.name = std::move(row.name);
  record.position = row.position;
  record.kind = static_cast<StepKind>(row.kind);
  record.state = static_cast<StepState>(row.state);
  record.call = CallData(std::move(row.path), text_of(row.request));
  record.undo = CallData(std::move(row.undo_path), text_of(row.undo_request));
  record.reply = text_of(row.reply);
  record.status = reply_of(row.code, row.message, row.details, row.reply).status;
  record.due = row.due;
  record.since = net::Loop::current()->now() - std::chrono::milliseconds(row.age);
  return record;
}

Bytes blob(std::string_view text) { return Bytes::copy_of(text); }
/// As a parameter of SQL.
std::int64_t millis(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}
int number(StatusCode code) { return static_cast<int>(code); }

}  // namespace

std::string SagaStore::sql(std::string_view text) const { return with_clock(text, dialect_); }

Task<Result<std::int64_t>> SagaStore::now() {
  return database_.one<std::int64_t>(sql("SELECT {now}"));
}

Task<Status> SagaStore::prepare() {
  const Result<Dialect> dialect = co_await set_up(
      database_, Schema{.part = "sagas", .version = kVersion, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  dialect_ = *dialect;
  co_return ok_status();
}

Task<Status> SagaStore::look_up() {
  const Result<Dialect> dialect = co_await internal::look_up(
      database_, Schema{.part = "sagas", .version = kVersion, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  dialect_ = *dialect;
  co_return ok_status();
}

Task<Result<std::optional<SagaRecord>>> SagaStore::find(std::string id) {
  const std::string text = std::string(kSagaColumns) + "WHERE id = $1";
  Result<std::optional<SagaRow>> row = co_await database_.maybe<SagaRow>(text, id);
  if (!row.ok()) co_return row.status();
  if (!row->has_value()) co_return std::optional<SagaRecord>();
  co_return std::optional<SagaRecord>(record_of(**std::move(row)));
}

Task<Result<std::vector<StepRecord>>> SagaStore::steps(std::string id) {
  const std::string text = sql(kStepColumns) + "WHERE saga = $1 ORDER BY position";
  Result<std::vector<StepRow>> rows = co_await database_.all<StepRow>(text, id);
  if (!rows.ok()) co_return rows.status();
  std::vector<StepRecord> records;
  for (StepRow& row : *rows) records.push_back(record_of(std::move(row)));
  co_return records;
}

Task<Result<Written>> SagaStore::start(sql::Queryable& in, const SagaRecord& saga, Duration lease) {
  const std::string text =
      sql("INSERT INTO weft_saga VALUES ($1, $2, $3, $4, $5, $6, {now} + $7, $8, 0, $8, $8, {now}) "
          "ON CONFLICT DO NOTHING");
  const Result<sql::Rows> rows = co_await in.run(text, saga.id, saga.name, blob(saga.input),
                                                 static_cast<int>(SagaState::Running), saga.epoch,
                                                 saga.owner, millis(lease), blob(""));
  if (!rows.ok()) co_return rows.status();
  if (rows->changed() == 1) co_return Written::Yes;
  // The same write may have been committed before, without its answer.
  const Result<std::optional<std::string>> owner = co_await in.maybe<std::string>(
      "SELECT owner FROM weft_saga WHERE id = $1 AND epoch = $2", saga.id, saga.epoch);
  if (!owner.ok()) co_return owner.status();
  co_return owner->has_value() && **owner == saga.owner ? Written::Yes : Written::OwnedByAnother;
}

sql::Statement SagaStore::steps_statement(const SagaWrite& write) const {
  // The lock keeps another from becoming the owner before the commit; SQLite has one writer anyhow.
  const std::string_view lock = dialect_ == Dialect::Postgres ? " FOR SHARE" : "";
  const std::string text =
      sql("INSERT INTO weft_saga_step SELECT id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
          "$14, $15, {now} FROM weft_saga WHERE id = $1 AND epoch = $2") +
      std::string(lock) +
      " ON CONFLICT (saga, name) DO UPDATE SET since = CASE WHEN excluded.state = 4 AND "
      "weft_saga_step.state <> 4 THEN excluded.since ELSE weft_saga_step.since END, "
      // An answer that came before this write was repeated stays.
      "state = CASE WHEN weft_saga_step.kind = 4 AND weft_saga_step.state = 2 THEN 2 ELSE "
      "excluded.state END, reply = CASE WHEN weft_saga_step.kind = 4 AND weft_saga_step.state = 2 "
      "THEN weft_saga_step.reply ELSE excluded.reply END, code = excluded.code, "
      "message = excluded.message, details = excluded.details";
  sql::Statement statement(text);
  for (const StepRecord& step : write.steps) {
    statement.add(write.id, write.epoch, step.name, step.position, static_cast<int>(step.kind),
                  static_cast<int>(step.state), step.call.path(), blob(step.call.request()),
                  step.undo.path(), blob(step.undo.request()), blob(step.reply),
                  number(step.status.code()), blob(step.status.message()),
                  blob(step.status.details()), step.due);
  }
  return statement;
}

sql::Statement SagaStore::progress_statement(const SagaWrite& write) const {
  return sql::Statement(
      "UPDATE weft_saga SET state = $3, reply = $4, code = $5, message = $6, details = $7 "
      "WHERE id = $1 AND epoch = $2",
      write.id, write.epoch, static_cast<int>(write.progress->state), blob(write.progress->reply),
      number(write.progress->status.code()), blob(write.progress->status.message()),
      blob(write.progress->status.details()));
}

Task<Result<Written>> SagaStore::write_in(sql::Transaction& in, const SagaWrite& write,
                                          Duration lease) {
  if (write.start) {
    const Result<Written> started = co_await start(in, *write.start, lease);
    if (!started.ok() || *started == Written::OwnedByAnother) co_return started;
  }
  if (write.progress) {
    const Result<sql::Rows> rows = co_await in.run(progress_statement(write));
    if (!rows.ok()) co_return rows.status();
    if (rows->changed() != 1) co_return Written::OwnedByAnother;
  }
  if (!write.steps.empty()) {
    const Result<sql::Rows> rows = co_await in.run(steps_statement(write));
    if (!rows.ok()) co_return rows.status();
    if (rows->changed() != write.steps.size()) co_return Written::OwnedByAnother;
  }
  co_return Written::Yes;
}

Task<Result<Written>> SagaStore::write(const SagaWrite& write, Duration lease) {
  if (!write.start && !write.progress) {
    const Result<sql::Rows> rows = co_await database_.run(steps_statement(write));
    if (!rows.ok()) co_return rows.status();
    co_return rows->changed() == write.steps.size() ? Written::Yes : Written::OwnedByAnother;
  }
  Result<sql::Transaction> transaction = co_await database_.begin();
  if (!transaction.ok()) co_return transaction.status();
  const Result<Written> written = co_await write_in(*transaction, write, lease);
  if (!written.ok() || *written == Written::OwnedByAnother) {
    static_cast<void>(co_await transaction->rollback());
    co_return written;
  }
  Status status = co_await transaction->commit();
  if (!status.ok()) co_return status;
  co_return written;
}

Task<Result<Written>> SagaStore::claim(std::string id, std::int64_t epoch, std::string owner,
                                       Duration lease) {
  // A frozen owner may still have the row locked; others are not to wait behind it.
  const std::string_view lock = dialect_ == Dialect::Postgres ? " FOR UPDATE SKIP LOCKED" : "";
  const std::string text =
      sql("UPDATE weft_saga SET epoch = epoch + 1, owner = $3, lease_until = {now} + $4 "
          "WHERE id = (SELECT id FROM weft_saga WHERE id = $1 AND epoch = $2 AND "
          "lease_until < {now} AND ") +
      std::string(kIsOpen) + std::string(lock) + ")";
  const Result<sql::Rows> rows = co_await database_.run(text, id, epoch, owner, millis(lease));
  if (!rows.ok()) co_return rows.status();
  co_return rows->changed() == 1 ? Written::Yes : Written::OwnedByAnother;
}

Task<Result<std::vector<std::string>>> SagaStore::abandoned(std::vector<std::string> names,
                                                            std::size_t most) {
  // A statement for each name, and one for those that undo, which need no code.
  std::vector<std::string> ids;
  names.emplace_back();
  for (const std::string& name : names) {
    const std::string text =
        sql("SELECT id FROM weft_saga WHERE lease_until < {now}") +
        (name.empty() ? " AND state IN (2, 3) AND name <> $1" : " AND state = 1 AND name = $1") +
        " ORDER BY lease_until LIMIT $2";
    const Result<std::vector<std::string>> found =
        co_await database_.all<std::string>(text, name, most - ids.size());
    if (!found.ok()) co_return found.status();
    ids.insert(ids.end(), found->begin(), found->end());
  }
  co_return ids;
}

Task<Result<SagaBacklog>> SagaStore::backlog() {
  // FINISH STUCK has the number 8, behind those that are over.
  const std::string text =
      sql("SELECT count(CASE WHEN state <= 3 THEN 1 END), count(CASE WHEN state > 3 THEN 1 END), "
          "{now} - min(started_at) FROM weft_saga WHERE state IN (1, 2, 3, 4, 5, 8)");
  const Result<BacklogRow> row = co_await database_.one<BacklogRow>(text);
  if (!row.ok()) co_return row.status();
  const Result<std::uint64_t> questions = co_await database_.one<std::uint64_t>(
      sql("SELECT count(*) FROM weft_saga_step step JOIN weft_saga saga ON saga.id = step.saga "
          "WHERE step.kind = 4 AND step.state = 1 AND saga.state = 1 AND step.due > {now}"));
  if (!questions.ok()) co_return questions.status();
  SagaBacklog backlog;
  backlog.running = row->running;
  backlog.stuck = row->stuck;
  backlog.questions = *questions;
  if (row->age) backlog.oldest = std::chrono::milliseconds(std::max<std::int64_t>(*row->age, 0));
  co_return backlog;
}

Task<Result<std::size_t>> SagaStore::renew(std::vector<Held> held, Duration lease) {
  sql::Statement statement(
      sql("UPDATE weft_saga SET lease_until = {now} + $3 WHERE id = $1 AND epoch = $2"));
  for (const Held& saga : held) statement.add(saga.id, saga.epoch, millis(lease));
  const Result<sql::Rows> rows = co_await database_.run(std::move(statement));
  if (!rows.ok()) co_return rows.status();
  co_return static_cast<std::size_t>(rows->changed());
}

}  // namespace weft::transaction::internal
