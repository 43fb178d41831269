#include "weft/registry/server/internal/sqlite.h"

#include <utility>

#include <sqlite3.h>

namespace weft::registry {
namespace {

// Another process that has the file for a moment, as a backup does, is waited for; one that keeps
// it is not.
constexpr int kBusyMilliseconds = 2000;

StatusCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return StatusCode::ResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return StatusCode::DataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
      return StatusCode::Unavailable;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return StatusCode::FailedPrecondition;
    case SQLITE_NOMEM:
      return StatusCode::ResourceExhausted;
    default:
      return StatusCode::Internal;
  }
}

/// What to do about it, where SQLite's text does not say.
std::string_view hint_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
      return "; the file is unchanged, move it away to begin with an empty registry";
    case SQLITE_NOTADB:
      return "; the file is unchanged, name another";
    case SQLITE_BUSY:
      return "; another process has it open, perhaps another registry";
    default:
      return "";
  }
}

}  // namespace

Status status_of_sqlite(int code, std::string_view file, std::string_view message) {
  std::string text(file);
  text.append(": ").append(message).append(hint_of(code));
  return Status(code_of(code), text);
}

SqliteValue::~SqliteValue() { sqlite3_value_free(value_); }

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      file_(other.file_),
      bind_error_(other.bind_error_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  std::swap(file_, other.file_);
  std::swap(bind_error_, other.bind_error_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, index, value)) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_, index, value.data(), value.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view value) {
  const int code =
      sqlite3_bind_blob64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_value(int index, const SqliteValue& value) {
  if (const int code = sqlite3_bind_value(statement_, index, value.value_)) bind_error_ = code;
  return *this;
}

Result<bool> Statement::step() {
  const int bound = std::exchange(bind_error_, SQLITE_OK);
  if (bound != SQLITE_OK) return status_of_sqlite(bound, file_, sqlite3_errstr(bound));
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  sqlite3* const connection = sqlite3_db_handle(statement_);
  Status status;
  if (code != SQLITE_DONE) {
    status =
        status_of_sqlite(sqlite3_extended_errcode(connection), file_, sqlite3_errmsg(connection));
  }
  sqlite3_reset(statement_);
  if (!status.ok()) return status;
  return false;
}

Status Statement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row.ok()) return row.status();
    if (!*row) return {};
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

SqliteValue Statement::value(int column) const {
  return SqliteValue(sqlite3_value_dup(sqlite3_column_value(statement_, column)));
}

bool Statement::is_integer(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}

bool Statement::is_text(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_TEXT;
}

bool Statement::is_blob(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_BLOB;
}

Database::~Database() { sqlite3_close_v2(connection_); }

Status Database::error(int code) const {
  const char* const message =
      connection_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection_);
  return status_of_sqlite(code, path_, message);
}

Status Database::open(const std::string& path) {
  path_ = path;
  // Without SQLite's own mutex: a connection is used by one thread at a time.
  const int code =
      sqlite3_open_v2(path.c_str(), &connection_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return error(code);
  sqlite3_busy_timeout(connection_, kBusyMilliseconds);
  return {};
}

Status Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code);
}

Result<Statement> Database::prepare(std::string_view sql) {
  Statement statement;
  statement.file_ = path_;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement.statement_, nullptr);
  if (code != SQLITE_OK) return error(code);
  return statement;
}

Result<std::int64_t> Database::number(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement.ok()) return std::move(statement).status();
  const Result<bool> row = statement->step();
  if (!row.ok()) return row.status();
  return *row ? statement->integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement.ok()) return std::move(statement).status();
  const Result<bool> row = statement->step();
  if (!row.ok()) return row.status();
  return *row ? statement->bytes(0) : std::string();
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_) == 0; }

}  // namespace weft::registry
