#include "weft/transaction/two_phase/internal/transaction_store.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/transaction/two_phase/internal/random_id.h"
#include "weft/transaction/two_phase/internal/recorded_branches.h"

namespace weft::transaction::internal {
namespace {

constexpr std::array<std::string_view, 4> kTables = {
    "CREATE TABLE weft_two_phase(one BIGINT PRIMARY KEY, id TEXT NOT NULL)",
    "CREATE TABLE weft_coordinator(id TEXT PRIMARY KEY, lease_until BIGINT NOT NULL)",
    // decision: 1 commit, 2 abort. state: TransactionState. branches: recorded_branches.h.
    "CREATE TABLE weft_global_transaction(id TEXT PRIMARY KEY, coordinator TEXT NOT NULL, "
    "owner TEXT NOT NULL, decision BIGINT NOT NULL, state BIGINT NOT NULL, "
    "branches TEXT NOT NULL, note BLOB NOT NULL, decided_at BIGINT NOT NULL)",
    "CREATE INDEX weft_global_transaction_open ON weft_global_transaction(state, decided_at)"};

constexpr int kCommit = 1;
constexpr int kAbort = 2;

constexpr std::string_view kColumns =
    "SELECT id, coordinator, owner, decision, state, branches, note, decided_at "
    "FROM weft_global_transaction ";

struct Row {
  std::string id, coordinator, owner;
  int decision = 0, state = 0;
  std::string branches;
  Bytes note;
  std::int64_t decided_at = 0;
};

Result<TransactionRecord> record_of(Row row) {
  TransactionRecord record;
  record.id = std::move(row.id);
  record.coordinator = std::move(row.coordinator);
  record.owner = std::move(row.owner);
  record.commit = row.decision == kCommit;
  record.state = static_cast<TransactionState>(row.state);
  Result<std::vector<RecordedBranch>> branches = branches_of(row.branches);
  if (!branches.ok()) return branches.status().with_prefix("transaction " + record.id);
  record.branches = *std::move(branches);
  record.note = std::string(row.note.view());
  record.decided = sql::Timestamp(std::chrono::milliseconds(row.decided_at));
  return record;
}

Result<std::vector<TransactionRecord>> records_of(Result<std::vector<Row>> rows) {
  if (!rows.ok()) return rows.status();
  std::vector<TransactionRecord> records;
  for (Row& row : *rows) {
    Result<TransactionRecord> record = record_of(std::move(row));
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  return records;
}

std::int64_t millis(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

Schema schema() {
  return Schema{.part = "two_phase", .version = TransactionStore::kVersion, .statements = kTables};
}

/// A frozen coordinator may have its row locked; others are not to wait behind it.
constexpr std::string_view kSkipLocked = " FOR UPDATE SKIP LOCKED";

}  // namespace

Task<Status> TransactionStore::prepare() {
  const Result<Dialect> dialect = co_await set_up(database_, schema());
  if (!dialect.ok()) co_return dialect.status();
  dialect_ = *dialect;
  const Result<std::string> fresh = random_id(8);
  if (!fresh.ok()) co_return fresh.status();
  // Of two that start at the same time one waits for the other's row, and finds it.
  const Result<sql::Rows> made = co_await database_.run(
      "INSERT INTO weft_two_phase VALUES (1, $1) ON CONFLICT DO NOTHING", *fresh);
  if (!made.ok()) co_return made.status();
  const Result<std::string> id =
      co_await database_.one<std::string>("SELECT id FROM weft_two_phase");
  if (!id.ok()) co_return id.status();
  id_ = *id;
  co_return ok_status();
}

Task<Status> TransactionStore::look_up() {
  const Result<Dialect> dialect = co_await internal::look_up(database_, schema());
  if (!dialect.ok()) co_return dialect.status();
  dialect_ = *dialect;
  co_return ok_status();
}

Task<Status> TransactionStore::enter(std::string coordinator, Duration lease) {
  const Result<sql::Rows> rows = co_await database_.run(
      sql("INSERT INTO weft_coordinator VALUES ($1, {now} + $2) ON CONFLICT DO NOTHING"),
      coordinator, millis(lease));
  co_return rows.status();
}

Task<Result<bool>> TransactionStore::renew(std::string coordinator, Duration lease) {
  const Result<sql::Rows> rows = co_await database_.run(
      sql("UPDATE weft_coordinator SET lease_until = {now} + $2 WHERE id = $1"), coordinator,
      millis(lease));
  if (!rows.ok()) co_return rows.status();
  co_return rows->changed() == 1;
}

Task<Result<Lease>> TransactionStore::fence_expired(std::string coordinator) {
  const std::string text =
      sql("DELETE FROM weft_coordinator WHERE id IN (SELECT id FROM weft_coordinator WHERE id = $1 "
          "AND lease_until < {now}") +
      std::string(locked(kSkipLocked)) + ")";
  const Result<sql::Rows> fenced = co_await database_.run(text, coordinator);
  if (!fenced.ok()) co_return fenced.status();
  const Result<std::int64_t> left = co_await database_.one<std::int64_t>(
      "SELECT count(*) FROM weft_coordinator WHERE id = $1", coordinator);
  if (!left.ok()) co_return left.status();
  co_return *left == 0 ? Lease::Over : Lease::Held;
}

Task<Result<TransactionStore::Recorded>> TransactionStore::commit(const TransactionRecord& record) {
  // The lock keeps others from fencing it before the commit; SQLite has one writer anyhow.
  const std::string text =
      sql("INSERT INTO weft_global_transaction SELECT $1, id, id, $3, $4, $5, $6, {now} "
          "FROM weft_coordinator WHERE id = $2") +
      std::string(locked(" FOR SHARE")) + " ON CONFLICT DO NOTHING";
  const Result<sql::Rows> rows = co_await database_.run(
      text, record.id, record.coordinator, kCommit, static_cast<int>(TransactionState::Committing),
      text_of(record.branches), Bytes());
  if (!rows.ok()) co_return rows.status();
  if (rows->changed() == 1) co_return Recorded::Yes;
  co_return co_await why_not_recorded(record.id, record.coordinator);
}

Task<Result<TransactionStore::Recorded>> TransactionStore::why_not_recorded(
    std::string id, std::string coordinator) {
  const Result<std::int64_t> entered = co_await database_.one<std::int64_t>(
      "SELECT count(*) FROM weft_coordinator WHERE id = $1", coordinator);
  if (!entered.ok()) co_return entered.status();
  // After that: a fenced coordinator adds no record.
  const Result<std::optional<std::string>> by = co_await database_.maybe<std::string>(
      "SELECT coordinator FROM weft_global_transaction WHERE id = $1", id);
  if (!by.ok()) co_return by.status();
  // The same write may have been committed before, without its answer.
  if (by->has_value() && **by == coordinator) co_return Recorded::Yes;
  if (*entered == 0) co_return Recorded::Fenced;
  if (by->has_value()) co_return Recorded::IdIsTaken;
  co_return aborted("transaction " + id + " was forgotten while it was recorded again");
}

Task<Result<std::optional<TransactionRecord>>> TransactionStore::find(std::string id) {
  const std::string text = std::string(kColumns) + "WHERE id = $1";
  Result<std::optional<Row>> row = co_await database_.maybe<Row>(text, id);
  if (!row.ok()) co_return row.status();
  if (!row->has_value()) co_return std::optional<TransactionRecord>();
  Result<TransactionRecord> record = record_of(**std::move(row));
  if (!record.ok()) co_return record.status();
  co_return std::optional<TransactionRecord>(*std::move(record));
}

Task<Status> TransactionStore::forget(std::vector<std::string> ids) {
  // What a person has closed, or has to look at, stays.
  sql::Statement statement("DELETE FROM weft_global_transaction WHERE id = $1 AND state = 1");
  for (const std::string& id : ids) statement.add(id);
  const Result<sql::Rows> rows = co_await database_.run(std::move(statement));
  co_return rows.status();
}

Task<Status> TransactionStore::keep_heuristic(const TransactionRecord& record) {
  const std::string text =
      sql("INSERT INTO weft_global_transaction VALUES ($1, $2, $3, $4, $5, $6, $7, {now}) "
          "ON CONFLICT (id) DO UPDATE SET state = excluded.state, branches = excluded.branches, "
          "note = excluded.note WHERE weft_global_transaction.state < 4 AND "
          "weft_global_transaction.coordinator = excluded.coordinator");
  const Result<sql::Rows> rows = co_await database_.run(
      text, record.id, record.coordinator, record.owner, record.commit ? kCommit : kAbort,
      static_cast<int>(record.state), text_of(record.branches), Bytes::copy_of(record.note));
  co_return rows.status();
}

Task<Result<std::vector<TransactionRecord>>> TransactionStore::take_over(std::string coordinator,
                                                                         std::size_t most) {
  const std::string fence =
      sql("DELETE FROM weft_coordinator WHERE id IN (SELECT id FROM weft_coordinator WHERE "
          "lease_until < {now} AND id <> $1") +
      std::string(locked(kSkipLocked)) + ")";
  const Result<sql::Rows> fenced = co_await database_.run(fence, coordinator);
  if (!fenced.ok()) co_return fenced.status();
  const std::string claim =
      "UPDATE weft_global_transaction SET owner = $1 WHERE id IN (SELECT id FROM "
      "weft_global_transaction WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM weft_coordinator "
      "WHERE weft_coordinator.id = weft_global_transaction.owner) ORDER BY decided_at LIMIT $2" +
      std::string(locked(kSkipLocked)) + ")";
  const Result<sql::Rows> claimed = co_await database_.run(claim, coordinator, most);
  if (!claimed.ok()) co_return claimed.status();
  const std::string text =
      std::string(kColumns) + "WHERE state = 1 AND owner = $1 AND coordinator <> $1";
  Result<std::vector<Row>> rows = co_await database_.all<Row>(text, coordinator);
  co_return records_of(std::move(rows));
}

Task<Result<std::vector<TransactionRecord>>> TransactionStore::list(
    std::vector<TransactionState> states, std::size_t most) {
  std::string numbers = "0";
  for (const TransactionState state : states) {
    numbers += ", " + std::to_string(static_cast<int>(state));
  }
  const std::string text =
      std::string(kColumns) + "WHERE state IN (" + numbers + ") ORDER BY decided_at, id LIMIT $1";
  Result<std::vector<Row>> rows = co_await database_.all<Row>(text, most);
  co_return records_of(std::move(rows));
}

Task<Result<bool>> TransactionStore::close(std::string id, std::string note) {
  const Result<sql::Rows> rows = co_await database_.run(
      "UPDATE weft_global_transaction SET state = 4, note = $2 WHERE id = $1 AND state < 4", id,
      Bytes::copy_of(note));
  if (!rows.ok()) co_return rows.status();
  co_return rows->changed() == 1;
}

}  // namespace weft::transaction::internal
