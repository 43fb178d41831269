#include "weft/storage/sqlite/internal/schema.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::sqlite {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS weft_migrations(version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "applied_at TEXT NOT NULL)";

Status refuse(const Connection& connection, const std::string& why) {
  return failed_precondition(connection.path() + ": " + why + "; the file is unchanged");
}

Status check_owner(Connection& connection, const Options& options) {
  if (options.application_id == 0) return {};
  const Result<std::int64_t> id = connection.number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  if (*id == options.application_id) return {};
  const Result<std::int64_t> tables = connection.number("SELECT count(*) FROM sqlite_master");
  if (!tables.ok()) return tables.status();
  if (*id == 0 && *tables == 0 && options.access == sql::Access::ReadWrite) {
    return connection.execute("PRAGMA application_id = " + std::to_string(options.application_id));
  }
  return refuse(connection, "a file of another program: its application_id is " +
                                std::to_string(*id) + ", this program's is " +
                                std::to_string(options.application_id));
}

Status check_integrity(Connection& connection, IntegrityCheck check) {
  if (check == IntegrityCheck::None) return {};
  const Result<std::string> verdict = connection.text(
      check == IntegrityCheck::Quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
  if (!verdict.ok()) return verdict.status();
  if (*verdict == "ok") return {};
  return data_loss(connection.path() + ": damaged: " + verdict->substr(0, 300) +
                   "; the file is unchanged");
}

/// Whether the file's migrations are the first of the program's.
Status check_history(Connection& connection, const Options& options, std::size_t has) {
  const std::size_t knows = options.migrations.size();
  if (has > knows) {
    return refuse(connection, "written by a newer program: its schema has version " +
                                  std::to_string(has) + ", this program knows " +
                                  std::to_string(knows));
  }
  for (std::size_t version = 1; version <= has; ++version) {
    const Result<std::string> name = connection.text(
        "SELECT name FROM weft_migrations WHERE version = " + std::to_string(version));
    if (!name.ok()) return name.status();
    const std::string& due = options.migrations[version - 1].name;
    if (*name == due) continue;
    return refuse(connection, "its schema has another history: migration " +
                                  std::to_string(version) + " is '" + *name +
                                  "', this program's is '" + due + "'");
  }
  return {};
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

Status migrate(Connection& connection, const Migration& migration, std::size_t version) {
  Status status = connection.execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  // Another program may have been faster.
  const Result<std::int64_t> has = connection.number("PRAGMA user_version");
  status = has.status();
  const bool is_next = has.ok() && static_cast<std::size_t>(*has) + 1 == version;
  if (is_next) {
    status = connection.execute_script(migration.sql);
    const std::string number = std::to_string(version);
    if (status.ok()) {
      status = connection.execute(
          std::string(kTable) + "; INSERT INTO weft_migrations VALUES (" + number + ", " +
          quoted(migration.name) +
          ", strftime('%Y-%m-%dT%H:%M:%fZ', 'now')); PRAGMA user_version = " + number);
    }
  }
  if (status.ok()) status = connection.execute("COMMIT");
  if (status.ok()) return status;
  if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
  return status.with_prefix(connection.path() + ": migration " + std::to_string(version) + " '" +
                            migration.name + "' was taken back");
}

}  // namespace

Status prepare_schema(Connection& connection, const Options& options) {
  Status status = check_owner(connection, options);
  if (status.ok()) status = check_integrity(connection, options.integrity);
  if (!status.ok() || options.migrations.empty()) return status;
  const Result<std::int64_t> has = connection.number("PRAGMA user_version");
  if (!has.ok()) return has.status();
  if (*has < 0) return refuse(connection, "its user_version is " + std::to_string(*has));
  const auto first = static_cast<std::size_t>(*has);
  status = check_history(connection, options, first);
  if (status.ok() && first < options.migrations.size() && options.access == sql::Access::ReadOnly) {
    return refuse(connection, "its schema has version " + std::to_string(first) +
                                  ", this program needs " +
                                  std::to_string(options.migrations.size()) + " and may only read");
  }
  for (std::size_t i = first; status.ok() && i < options.migrations.size(); ++i) {
    status = migrate(connection, options.migrations[i], i + 1);
  }
  // A rival that migrated meanwhile must have gone the same way.
  return status.ok() ? check_history(connection, options, options.migrations.size()) : status;
}

}  // namespace weft::sqlite
