#include "weft/storage/sqlite/internal/connection.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "weft/storage/sqlite/internal/sqlite_error.h"

namespace weft::sqlite {
namespace {

// Steps of SQLite's machine between two looks whether the statement was cancelled: some ten
// microseconds. Not sqlite3_interrupt(), which is lost where it comes between two statements.
constexpr int kStepsPerLook = 2000;

void add_value(sqlite3_stmt* statement, int column, sql::Cells& into) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      into.add_integer(sqlite3_column_int64(statement, column));
      break;
    case SQLITE_FLOAT:
      into.add_double(sqlite3_column_double(statement, column));
      break;
    case SQLITE_TEXT: {
      const auto* const text =
          reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      into.add_text({text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))});
      break;
    }
    case SQLITE_BLOB: {
      const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      into.add_bytes(bytes == nullptr ? std::string_view() : std::string_view(bytes, size));
      break;
    }
    default:
      into.add_null();
  }
}

/// Settings on which what we promise stands.
bool is_ours(std::string_view pragma) noexcept {
  return pragma == "journal_mode" || pragma == "synchronous" || pragma == "locking_mode" ||
         pragma == "query_only" || pragma == "user_version" || pragma == "application_id";
}

}  // namespace

Connection::Connection(ConnectionOptions options)
    : options_(std::move(options)), prepared_(options_.prepared_statements) {}

Connection::~Connection() {
  prepared_.clear();
  sqlite3_close_v2(connection_);
}

Status Connection::error(int code) const { return last_error(connection_, code, options_.path); }

Status Connection::open() {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options_.access == sql::Access::ReadOnly ? SQLITE_OPEN_READONLY
                                                    : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(options_.path.c_str(), &connection_, flags,
                                   options_.vfs.empty() ? nullptr : options_.vfs.c_str());
  if (code != SQLITE_OK) return error(code);
  sqlite3_busy_handler(connection_, &Connection::busy, this);
  sqlite3_progress_handler(connection_, kStepsPerLook, &Connection::progress, this);
  sqlite3_set_authorizer(connection_, &Connection::authorize, this);
  Status status = execute("PRAGMA foreign_keys = ON");
  if (status.ok() && options_.role == Role::Reader) status = execute("PRAGMA query_only = ON");
  return status;
}

int Connection::progress(void* self) noexcept {
  const auto& connection = *static_cast<Connection*>(self);
  return connection.cancelled_ != nullptr && connection.cancelled_->load(std::memory_order_relaxed);
}

int Connection::busy(void* self, int times) noexcept {
  auto& connection = *static_cast<Connection*>(self);
  const TimePoint now = std::chrono::steady_clock::now();
  if (times == 0) connection.busy_since_ = now;
  if (progress(self) != 0 || now - connection.busy_since_ >= connection.options_.busy_timeout)
    return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(times + 1, 10)));
  return 1;
}

int Connection::authorize(void* self, int action, const char* first, const char* second,
                          const char*, const char*) noexcept {
  auto& connection = *static_cast<Connection*>(self);
  if (connection.own_statement_) return SQLITE_OK;
  const bool transaction = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT;
  const bool file = action == SQLITE_ATTACH || action == SQLITE_DETACH;
  const bool pragma = action == SQLITE_PRAGMA && second != nullptr && is_ours(first);
  if (!transaction && !file && !pragma) return SQLITE_OK;
  connection.refused_ = true;
  return SQLITE_DENY;
}

Result<Prepared*> Connection::prepare(const std::string& text) {
  if (Prepared* const known = prepared_.find(text)) return known;
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  refused_ = own_statement_ = false;
  const int code = sqlite3_prepare_v3(connection_, text.data(), static_cast<int>(text.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  own_statement_ = true;
  if (refused_) {
    return invalid_argument(
        "not for run(): transactions begin by begin(), ATTACH and the settings that weft keeps are "
        "refused: " +
        text.substr(0, 200));
  }
  if (code != SQLITE_OK) return error(code);
  auto prepared = std::make_unique<Prepared>(statement, text);
  if (statement == nullptr) return invalid_argument("the statement is empty");
  const std::string_view behind(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  if (behind.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return invalid_argument("one statement at a time; more follows behind: " + text.substr(0, 200));
  }
  return &prepared_.add(std::move(prepared));
}

Status Connection::run(const sql::Statement& statement, const std::atomic<bool>& cancelled,
                       sql::Rows& rows, bool& must_write) {
  const Result<Prepared*> found = prepare(statement.text());
  if (!found.ok()) return found.status();
  Prepared& prepared = **found;
  must_write = options_.role == Role::Reader && !prepared.only_reads() &&
               options_.access == sql::Access::ReadWrite;
  if (must_write) return {};
  Status status = prepared.check(statement);
  cancelled_ = &cancelled;
  sql::Cells cells;
  std::uint64_t changed = 0;
  for (std::size_t run = 0; status.ok() && run < statement.runs(); ++run) {
    const int code = prepared.bind(statement, run);
    const sqlite3_int64 before = sqlite3_total_changes64(connection_);
    status = code == SQLITE_OK ? run_once(prepared, cells) : error(code);
    // Of a statement that is no INSERT, UPDATE or DELETE, SQLite tells the number of the last one
    // that was.
    if (sqlite3_total_changes64(connection_) != before) {
      changed += static_cast<std::uint64_t>(sqlite3_changes64(connection_));
    }
    prepared.reset();
  }
  cancelled_ = nullptr;
  if (status.ok()) rows = sql::Rows(prepared.names(), std::move(cells), changed);
  return status;
}

Status Connection::run_once(Prepared& prepared, sql::Cells& cells) {
  sqlite3_stmt* const statement = prepared.handle();
  int code = sqlite3_step(statement);
  // Only now: the first step may compile the statement again.
  const int columns = sqlite3_column_count(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    for (int column = 0; column < columns; ++column) add_value(statement, column, cells);
    if (cells.memory() > options_.max_result_bytes) {
      return resource_exhausted("the result is larger than " +
                                std::to_string(options_.max_result_bytes) +
                                " bytes (max_result_bytes): " + prepared.text().substr(0, 200));
    }
  }
  return code == SQLITE_DONE ? Status() : error(code);
}

Status Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code);
}

Status Connection::execute(const char* sql, const std::atomic<bool>& cancelled) {
  cancelled_ = &cancelled;
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  cancelled_ = nullptr;
  return code == SQLITE_OK ? Status() : error(code);
}

Status Connection::execute_script(const std::string& sql) {
  refused_ = own_statement_ = false;
  Status status = execute(sql);
  own_statement_ = true;
  if (refused_)
    return invalid_argument("BEGIN, COMMIT, ATTACH and settings that weft keeps are refused");
  return status;
}

Result<std::int64_t> Connection::number(std::string_view sql) {
  const Result<std::string> value = text(sql);
  if (!value.ok()) return value.status();
  std::int64_t number = 0;
  const bool negative = value->starts_with('-');
  for (const char digit : std::string_view(*value).substr(negative ? 1 : 0)) {
    number = number * 10 + (digit - '0');
  }
  return negative ? -number : number;
}

Result<std::string> Connection::text(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()), &statement,
                                nullptr);
  if (code != SQLITE_OK) return error(code);
  code = sqlite3_step(statement);
  std::string value;
  if (code == SQLITE_ROW) {
    const unsigned char* const text = sqlite3_column_text(statement, 0);
    if (text != nullptr) value = reinterpret_cast<const char*>(text);
  }
  Status status;
  if (code != SQLITE_ROW && code != SQLITE_DONE) status = error(code);
  sqlite3_finalize(statement);
  if (!status.ok()) return status;
  return value;
}

bool Connection::in_transaction() const noexcept {
  return sqlite3_get_autocommit(connection_) == 0;
}

bool Connection::only_reads() const noexcept {
  return sqlite3_db_readonly(connection_, "main") != 0;
}

Status Connection::sync_log() {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log == nullptr || log->pMethods == nullptr) return {};
  const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  return code == SQLITE_OK ? Status() : error_of(code, options_.path + "-wal");
}

void Connection::note_commits_in(std::atomic<bool>& unsynced) {
  sqlite3_commit_hook(
      connection_,
      [](void* flag) noexcept {
        static_cast<std::atomic<bool>*>(flag)->store(true);
        return 0;
      },
      &unsynced);
}

}  // namespace weft::sqlite
