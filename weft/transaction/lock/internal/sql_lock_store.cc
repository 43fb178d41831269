#include "weft/transaction/lock/internal/sql_lock_store.h"

#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/storage/sql/transact.h"
#include "weft/transaction/internal/schema.h"

namespace weft::transaction::internal {
namespace {

// check() locks the row FOR KEY SHARE in PostgreSQL. The token is UNIQUE so that it counts as a key
// there: a statement that changes it, or deletes the row, waits for check()'s transaction, and a
// renewal does not.
constexpr std::array<std::string_view, 3> kTables = {
    "CREATE TABLE weft_lock(name TEXT PRIMARY KEY, token BIGINT NOT NULL UNIQUE, "
    "holder TEXT NOT NULL, lease_until BIGINT NOT NULL)",
    "CREATE TABLE weft_lock_token(last BIGINT NOT NULL)",
    "INSERT INTO weft_lock_token(last) VALUES (0)"};

std::int64_t milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

struct Row {
  std::string holder;
  std::int64_t token = 0;
  std::int64_t left = 0;  // of the lease, in milliseconds
};

}  // namespace

struct SqlLockStore::Statements {
  Statements(Dialect dialect, std::string own_name) : holder(std::move(own_name)) {
    if (dialect == Dialect::Postgres) {
      // A row that a check() has locked is one that nobody can take now: it counts as held, and
      // acquire() keeps its time.
      lock_row += " FOR UPDATE SKIP LOCKED";
      check += " FOR KEY SHARE";
    }
    for (std::string* text : {&look, &update, &insert, &renew, &forget}) {
      *text = with_clock(*text, dialect);
    }
  }
  std::string look = "SELECT holder, token, lease_until - {now} FROM weft_lock WHERE name = $1";
  std::string lock_row = "SELECT token FROM weft_lock WHERE name = $1";
  std::string count = "UPDATE weft_lock_token SET last = last + 1 RETURNING last";
  std::string update =
      "UPDATE weft_lock SET token = $2, holder = $3, lease_until = {now} + $4 "
      "WHERE name = $1 AND lease_until <= {now}";
  std::string insert =
      "INSERT INTO weft_lock(name, token, holder, lease_until) VALUES ($1, $2, $3, {now} + $4) "
      "ON CONFLICT (name) DO NOTHING";
  std::string renew =
      "UPDATE weft_lock SET lease_until = {now} + $3 WHERE name = $1 AND token = $2";
  std::string release = "DELETE FROM weft_lock WHERE name = $1 AND token = $2";
  std::string check = "SELECT token FROM weft_lock WHERE name = $1";
  // Of holders that died: a day after the lease has ended.
  std::string forget = "DELETE FROM weft_lock WHERE lease_until <= {now} - 86400000";
  std::string holder;
};

struct SqlLockStore::Taking {
  std::shared_ptr<const Statements> statements;
  std::string name;
  std::int64_t lease = 0;
  std::shared_ptr<std::int64_t> token;
};

SqlLockStore::SqlLockStore(sql::Database database, std::shared_ptr<const Statements> statements)
    : database_(std::move(database)), statements_(std::move(statements)) {}

Task<Result<std::shared_ptr<const LockStore>>> SqlLockStore::open(sql::Database database,
                                                                  std::string holder) {
  const Result<Dialect> dialect =
      co_await set_up(database, Schema{.part = "locks", .version = 1, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  auto statements = std::make_shared<const Statements>(*dialect, std::move(holder));
  const Result<sql::Rows> forgotten = co_await database.run(statements->forget);
  if (!forgotten.ok()) co_return forgotten.status();
  co_return std::shared_ptr<const LockStore>(
      new SqlLockStore(std::move(database), std::move(statements)));
}

/// The counter stays locked until the commit. So tokens of a name increase in the order of its
/// holders, also where there is no row to lock.
Task<Result<std::int64_t>> SqlLockStore::take_in(sql::Transaction& tx, Taking& taking) {
  const Statements& texts = *taking.statements;
  const Result<std::optional<std::int64_t>> row =
      co_await tx.maybe<std::int64_t>(texts.lock_row, taking.name);
  if (!row.ok()) co_return row.status();
  const Result<std::int64_t> token = co_await tx.one<std::int64_t>(texts.count);
  if (!token.ok()) co_return token.status();
  *taking.token = *token;
  const Result<sql::Rows> taken = co_await tx.run(*row ? texts.update : texts.insert, taking.name,
                                                  *token, texts.holder, taking.lease);
  if (!taken.ok()) co_return taken.status();
  co_return taken->changed() == 1 ? *token : 0;
}

Task<Result<LockStore::Attempt>> SqlLockStore::take(std::string name, Duration lease,
                                                    std::shared_ptr<std::int64_t> token) const {
  sql::Database database = database_;
  const std::shared_ptr<const Statements> statements = statements_;
  const Result<std::optional<Row>> row = co_await database.maybe<Row>(statements->look, name);
  if (!row.ok()) co_return row.status();
  Attempt attempt;
  if (*row) attempt.holder = (*row)->holder;
  if (*row && (*row)->left > 0) co_return attempt;
  const Taking taking{statements, std::move(name), milliseconds(lease), std::move(token)};
  const Result<std::int64_t> taken = co_await sql::transact(database, take_in, taking);
  if (!taken.ok()) co_return taken.status();
  attempt.token = *taken;
  co_return attempt;
}

Task<Result<std::optional<LockHolder>>> SqlLockStore::find(std::string name) const {
  sql::Database database = database_;
  const Result<std::optional<Row>> row = co_await database.maybe<Row>(statements_->look, name);
  if (!row.ok()) co_return row.status();
  if (!*row || (*row)->left <= 0) co_return std::nullopt;
  const std::chrono::milliseconds left((*row)->left);
  co_return LockHolder{.name = (*row)->holder, .token = (*row)->token, .left = left};
}

Task<Result<bool>> SqlLockStore::renew(std::string name, std::int64_t token, Duration lease) const {
  sql::Database database = database_;
  const Result<sql::Rows> renewed =
      co_await database.run(statements_->renew, name, token, milliseconds(lease));
  if (!renewed.ok()) co_return renewed.status();
  co_return renewed->changed() == 1;
}

Task<Status> SqlLockStore::release(std::string name, std::int64_t token) const {
  sql::Database database = database_;
  co_return (co_await database.run(statements_->release, name, token)).status();
}

Task<Status> SqlLockStore::check(sql::Queryable& transaction, std::string name,
                                 std::int64_t token) const {
  const Result<std::optional<std::int64_t>> now =
      co_await transaction.maybe<std::int64_t>(statements_->check, name);
  if (!now.ok()) co_return now.status();
  if (*now && **now == token) co_return ok_status();
  co_return failed_precondition(
      "the lock \"" + name + "\" is no longer held with token " + std::to_string(token) +
      (*now ? ": its token is " + std::to_string(**now) : std::string(": it is not held")));
}

}  // namespace weft::transaction::internal
