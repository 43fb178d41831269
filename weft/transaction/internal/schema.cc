#include "weft/transaction/internal/schema.h"

#include <optional>

#include "weft/storage/sql/error.h"
#include "weft/storage/sql/transact.h"

namespace weft::transaction::internal {
namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out(text);
  for (std::size_t at = out.find(what); at != std::string::npos;
       at = out.find(what, at + with.size())) {
    out.replace(at, what.size(), with);
  }
  return out;
}

}  // namespace

std::string with_clock(std::string_view statement, Dialect dialect) {
  return replaced(statement, kNow,
                  dialect == Dialect::Postgres
                      ? "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
                      : "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)");
}

namespace {

Task<Result<Dialect>> dialect_of(sql::Database database) {
  // SQLite has no such function.
  const Result<std::string> version = co_await database.one<std::string>("SELECT version()");
  if (version.ok() && version->starts_with("PostgreSQL")) co_return Dialect::Postgres;
  if (version.ok()) co_return unimplemented("the database is no PostgreSQL but " + *version);
  const std::optional<sql::ErrorDetail> detail = sql::error_detail(version.status());
  if (detail && detail->database == "sqlite" && version.status().code() == StatusCode::Internal) {
    co_return Dialect::Sqlite;
  }
  co_return version.status();
}

std::string in_dialect(std::string_view statement, Dialect dialect) {
  const bool postgres = dialect == Dialect::Postgres;
  std::string text = with_clock(statement, dialect);
  text = replaced(text, kNumber,
                  postgres ? "BIGSERIAL PRIMARY KEY" : "INTEGER PRIMARY KEY AUTOINCREMENT");
  text = replaced(
      text, kCommitOrder,
      postgres ? "xid8 NOT NULL DEFAULT pg_current_xact_id()" : "INTEGER NOT NULL DEFAULT 0");
  return postgres ? replaced(text, "BLOB", "BYTEA") : text;
}

Status check_version(const Schema& schema, std::int64_t version) {
  if (version <= schema.version) return ok_status();
  return failed_precondition("written by a newer program: weft's tables \"" +
                             std::string(schema.part) + "\" have version " +
                             std::to_string(version) + ", this program knows " +
                             std::to_string(schema.version));
}

Task<Status> create(sql::Transaction& tx, Schema& schema, Dialect& dialect) {
  Result<sql::Rows> done = sql::Rows();
  if (dialect == Dialect::Postgres) {
    // Two programs that start: "if not exists" alone fails in one of them.
    done = co_await tx.run("SELECT pg_advisory_xact_lock(7306091254718)::text");
    if (!done.ok()) co_return done.status();
  }
  done = co_await tx.run(
      "CREATE TABLE IF NOT EXISTS weft_schema(part TEXT PRIMARY KEY, version BIGINT NOT NULL)");
  if (!done.ok()) co_return done.status();
  const Result<std::optional<std::int64_t>> version = co_await tx.maybe<std::int64_t>(
      "SELECT version FROM weft_schema WHERE part = $1", schema.part);
  if (!version.ok()) co_return version.status();
  if (*version) co_return check_version(schema, **version);
  for (const std::string_view statement : schema.statements) {
    done = co_await tx.run(in_dialect(statement, dialect));
    if (!done.ok()) co_return done.status();
  }
  done = co_await tx.run("INSERT INTO weft_schema(part, version) VALUES ($1, $2)", schema.part,
                         schema.version);
  co_return done.status();
}

}  // namespace

Task<Result<Dialect>> set_up(sql::Database database, Schema schema) {
  const Result<Dialect> dialect = co_await dialect_of(database);
  if (!dialect.ok()) co_return dialect;
  const Status status = co_await sql::transact(database, create, schema, *dialect);
  if (!status.ok()) co_return status.with_prefix("weft's tables");
  co_return dialect;
}

Task<Result<Dialect>> look_up(sql::Database database, Schema schema) {
  const Result<Dialect> dialect = co_await dialect_of(database);
  if (!dialect.ok()) co_return dialect;
  const Result<bool> there = co_await database.one<bool>(
      *dialect == Dialect::Postgres
          ? "SELECT to_regclass('weft_schema') IS NOT NULL"
          : "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'weft_schema'");
  if (!there.ok()) co_return there.status();
  std::optional<std::int64_t> version;
  if (*there) {
    const auto found = co_await database.maybe<std::int64_t>(
        "SELECT version FROM weft_schema WHERE part = $1", schema.part);
    if (!found.ok()) co_return found.status();
    version = *found;
  }
  if (!version) {
    co_return not_found("the database has no tables \"" + std::string(schema.part) +
                        "\" of weft's");
  }
  const Status status = check_version(schema, *version);
  if (!status.ok()) co_return status.with_prefix("weft's tables");
  co_return dialect;
}

}  // namespace weft::transaction::internal
