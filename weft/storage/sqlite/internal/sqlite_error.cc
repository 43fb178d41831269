#include "weft/storage/sqlite/internal/sqlite_error.h"

#include <string>

#include <sqlite3.h>

#include "weft/storage/sql/error.h"

namespace weft::sqlite {
namespace {

std::string_view constraint_state(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return "23505";
    case SQLITE_CONSTRAINT_NOTNULL:
      return "23502";
    case SQLITE_CONSTRAINT_CHECK:
      return "23514";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "23503";
    case SQLITE_CONSTRAINT_DATATYPE:
      return "22P02";
    default:
      return "23000";
  }
}

std::string_view name_of_code(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
      return "SQLITE_CONSTRAINT_UNIQUE";
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return "SQLITE_CONSTRAINT_PRIMARYKEY";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "SQLITE_CONSTRAINT_FOREIGNKEY";
    case SQLITE_BUSY:
      return "SQLITE_BUSY";
    case SQLITE_FULL:
      return "SQLITE_FULL";
    case SQLITE_CORRUPT:
      return "SQLITE_CORRUPT";
    default:
      return {};
  }
}

/// Errors of the file, not of the statement.
bool is_of_file(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOTADB:
      return true;
    default:
      return false;
  }
}

/// What SQLite's text does not say.
std::string_view hint_of(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return "; another program keeps a lock on the file";
    case SQLITE_NOTADB:
      return "; the file is unchanged";
    default:
      return {};
  }
}

Status make(int code, std::string_view file, std::string_view message, int position) {
  const std::string_view name = name_of_code(code);
  sql::ErrorDetail detail;
  detail.database = "sqlite";
  detail.sqlstate = sqlstate_of(code);
  detail.native = name.empty() ? std::to_string(code) : std::string(name);
  if (position >= 0) detail.position = std::to_string(position + 1);
  // "UNIQUE constraint failed: users.email"
  const std::size_t colon = message.find(": ");
  if ((code & 0xff) == SQLITE_CONSTRAINT && colon != std::string_view::npos) {
    detail.constraint = message.substr(colon + 2);
  }
  std::string text;
  if (is_of_file(code)) text.append(file).append(": ");
  text.append(message).append(hint_of(code));
  return sql::error_status(detail, text, Origin::Local);
}

}  // namespace

std::string_view sqlstate_of(int code) noexcept {
  if (code == SQLITE_BUSY_SNAPSHOT) return "40001";
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return constraint_state(code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return "55P03";
    case SQLITE_INTERRUPT:
      return "57014";
    case SQLITE_FULL:
      return "53100";
    case SQLITE_NOMEM:
      return "53200";
    case SQLITE_TOOBIG:
      return "54000";
    case SQLITE_IOERR:
      return "58030";
    case SQLITE_CANTOPEN:
      return "58P01";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "XX001";
    case SQLITE_READONLY:
      return "25006";
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "42501";
    case SQLITE_MISMATCH:
      return "22P02";
    case SQLITE_ERROR:
      return "42000";
    default:
      return "XX000";
  }
}

Status last_error(sqlite3* connection, int code, std::string_view file) {
  if (connection == nullptr) return error_of(code, file);
  const int extended = sqlite3_extended_errcode(connection);
  // The connection may have been used since, and remembers only its last call.
  if ((extended & 0xff) != (code & 0xff)) return error_of(code, file);
  return make(extended, file, sqlite3_errmsg(connection), sqlite3_error_offset(connection));
}

Status error_of(int code, std::string_view file) {
  return make(code, file, sqlite3_errstr(code), -1);
}

}  // namespace weft::sqlite
