// The registry's file, format 2. A SQLite database with
//
//   application_id = 0x57656674 ("Weft"), user_version = 2 (the format), journal_mode = WAL
//
//   meta(key TEXT PRIMARY KEY, value)     'store_id'   16 hexadecimal digits, random, made with the
//   file
//                                         'revision'   of the last change
//                                         'compacted'  changes up to this one are not kept
//   entries(service TEXT, id TEXT,        one row per instance that is registered
//           lease INTEGER,                the lease's number, as the bits of a signed one
//           ttl_ms INTEGER,
//           revision INTEGER,             that brought the entry
//           registered_at_ms INTEGER,     wall clock, since 1970; for people
//           instance BLOB,                weft.registry.v1.Instance
//           client TEXT,                  whose it is (net::client_key()); empty: not known
//           PRIMARY KEY(service, id))
//   changes(revision INTEGER PRIMARY KEY, the last changes, without a gap
//           kind INTEGER,                 weft.registry.v1.Change.Kind
//           entry BLOB)                   weft.registry.v1.Entry
//   rejected(number INTEGER PRIMARY KEY,  rows that could not be used when they were read; the last
//           origin TEXT, why TEXT,        1000. origin: the table that they were in, with their
//           service, id, lease, ttl_ms,   columns; content: instance or entry
//           revision, registered_at_ms, content)
//
// Format 1 has no entries.client and no rejected. It is brought to format 2 when it is opened.
//
// How much of a lease is left is not stored: it would be a write for every keep-alive. After a
// restart every lease has its whole time, and the service's grace.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/registry/server/internal/private_file.h"
#include "weft/registry/server/internal/sqlite.h"
#include "weft/registry/server/internal/store_batch.h"
#include "weft/registry/server/internal/store_rows.h"
#include "weft/registry/server/store.h"

namespace weft::registry {
namespace {

constexpr std::int64_t kApplicationId = 0x57656674;
constexpr std::int64_t kFormat = 2;

constexpr const char* kRejected = R"(
  CREATE TABLE rejected(number INTEGER PRIMARY KEY, origin TEXT NOT NULL, why TEXT NOT NULL,
                        service, id, lease, ttl_ms, revision, registered_at_ms, content);)";

constexpr const char* kCreate = R"(
  BEGIN IMMEDIATE;
  CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE entries(service TEXT NOT NULL, id TEXT NOT NULL, lease INTEGER NOT NULL,
                       ttl_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
                       registered_at_ms INTEGER NOT NULL, instance BLOB NOT NULL,
                       client TEXT NOT NULL DEFAULT '',
                       PRIMARY KEY(service, id)) WITHOUT ROWID;
  CREATE TABLE changes(revision INTEGER PRIMARY KEY, kind INTEGER NOT NULL, entry BLOB NOT NULL);
  INSERT INTO meta VALUES('store_id', lower(hex(randomblob(8)))), ('revision', 0), ('compacted', 0);
  PRAGMA application_id = 1466263156;
  PRAGMA user_version = 2;)";
static_assert(kApplicationId == 1466263156);

constexpr const char* kFromFormat1 = R"(
  BEGIN IMMEDIATE;
  ALTER TABLE entries ADD COLUMN client TEXT NOT NULL DEFAULT '';
  PRAGMA user_version = 2;)";

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::string path) : path_(std::move(path)) {}
  Status open();
  Result<Saved> load(const LoadLimits& limits) override;
  Status commit(const StoreBatch& batch) override;

 private:
  Status check_ours();
  Status check_sound();
  Status prepare();
  Status bring_to_format(const std::string& sql);
  Result<Saved> load_meta();
  Status read_rows(const LoadLimits& limits, Saved& into);
  /// Commits where `status` is OK, and else takes everything back.
  Status end_transaction(Status status);
  Status write(const StoreBatch& batch);
  Status write(const ChangeRecord& change);
  Status put_meta(std::string_view key, std::uint64_t value);
  Status damaged(std::string_view what) const {
    return data_loss(path_ + ": " + std::string(what) +
                     "; the file is unchanged, move it away to begin with an empty registry");
  }

  std::string path_;
  Database database_;
  Statement put_;
  Statement erase_;
  Statement add_change_;
  Statement drop_changes_;
  Statement set_meta_;
};

Status SqliteStore::open() {
  Status status = make_private_file(path_);
  if (status.ok()) status = database_.open(path_);
  // A second registry on the same file is refused from its first look at it.
  if (status.ok()) status = database_.execute("PRAGMA locking_mode = EXCLUSIVE");
  if (status.ok()) status = check_ours();
  if (!status.ok()) return status;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) keep_private(path_ + suffix);
  // FULL: what was confirmed to an instance survives a loss of power.
  status = database_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  if (status.ok()) status = check_sound();
  // Takes the lock although nothing may be to write for long.
  if (status.ok()) status = database_.execute("BEGIN IMMEDIATE; COMMIT;");
  return status.ok() ? prepare() : status;
}

/// Before anything is written: an empty file becomes ours, any other has to be.
Status SqliteStore::check_ours() {
  const Result<std::int64_t> application = database_.number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const Result<std::int64_t> tables = database_.number("SELECT count(*) FROM sqlite_master");
  if (!tables.ok()) return tables.status();
  if (*application == 0 && *tables == 0) {
    Status status = database_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    return status.ok() ? bring_to_format(kCreate) : status;
  }
  if (*application != kApplicationId) {
    return failed_precondition(path_ +
                               ": a SQLite file of another program; it is unchanged, name "
                               "another");
  }
  const Result<std::int64_t> format = database_.number("PRAGMA user_version");
  if (!format.ok()) return format.status();
  if (*format == kFormat) return {};
  if (*format != 1) {
    return failed_precondition(path_ + ": written in format " + std::to_string(*format) +
                               " by another version of weft; this one reads formats 1 to " +
                               std::to_string(kFormat));
  }
  log(LogLevel::Info, "registry: " + path_ + ": brought from format 1 to format 2");
  return bring_to_format(kFromFormat1);
}

/// `sql` begins a transaction.
Status SqliteStore::bring_to_format(const std::string& sql) {
  return end_transaction(database_.execute((sql + kRejected).c_str()));
}

Status SqliteStore::check_sound() {
  const Result<std::string> check = database_.text("PRAGMA quick_check(1)");
  if (!check.ok()) return check.status();
  return *check == "ok" ? Status() : damaged("damaged: " + *check);
}

Status SqliteStore::prepare() {
  struct {
    Statement& statement;
    std::string_view sql;
  } const all[] = {
      {put_, "INSERT OR REPLACE INTO entries VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
      {erase_, "DELETE FROM entries WHERE service = ?1 AND id = ?2"},
      {add_change_, "INSERT INTO changes VALUES(?1, ?2, ?3)"},
      {drop_changes_, "DELETE FROM changes WHERE revision <= ?1"},
      {set_meta_, "UPDATE meta SET value = ?2 WHERE key = ?1"},
  };
  for (const auto& [statement, sql] : all) {
    Result<Statement> made = database_.prepare(sql);
    if (!made.ok()) return std::move(made).status();
    statement = std::move(*made);
  }
  return {};
}

/// A file whose head is not whole is damaged: nothing else says what its revisions are worth.
Result<Saved> SqliteStore::load_meta() {
  const auto number = [this](std::string_view key) {
    return database_.number("SELECT value FROM meta WHERE key = '" + std::string(key) +
                            "' AND typeof(value) = 'integer' AND value >= 0");
  };
  const Result<std::int64_t> whole = database_.number(
      "SELECT count(*) FROM meta WHERE key = 'store_id' AND length(value) BETWEEN 1 AND 64 OR "
      "key IN ('revision', 'compacted') AND typeof(value) = 'integer' AND value >= 0");
  if (!whole.ok()) return whole.status();
  if (*whole != 3) return damaged("damaged: the table meta is not whole");
  const Result<std::string> id = database_.text("SELECT value FROM meta WHERE key = 'store_id'");
  if (!id.ok()) return id.status();
  const Result<std::int64_t> revision = number("revision");
  if (!revision.ok()) return revision.status();
  const Result<std::int64_t> compacted = number("compacted");
  if (!compacted.ok()) return compacted.status();
  Saved saved;
  saved.store_id = *id;
  saved.revision = static_cast<std::uint64_t>(*revision);
  saved.compacted = std::min(static_cast<std::uint64_t>(*compacted), saved.revision);
  return saved;
}

Status SqliteStore::read_rows(const LoadLimits& limits, Saved& into) {
  StoreRows rows(database_, path_, limits, into);
  const std::uint64_t revision = into.revision;
  Status status = rows.read_entries();
  if (status.ok()) status = rows.read_changes();
  if (status.ok()) status = rows.put_aside();
  if (status.ok()) status = put_meta("compacted", into.compacted);
  if (status.ok() && into.revision != revision) status = put_meta("revision", into.revision);
  if (!status.ok()) return status;
  return drop_changes_.bind(1, static_cast<std::int64_t>(into.compacted)).run();
}

Result<Saved> SqliteStore::load(const LoadLimits& limits) {
  Result<Saved> saved = load_meta();
  if (!saved.ok()) return saved;
  Status status = database_.execute("BEGIN IMMEDIATE");
  if (status.ok()) status = end_transaction(read_rows(limits, *saved));
  if (!status.ok()) return status;
  return saved;
}

Status SqliteStore::end_transaction(Status status) {
  if (status.ok()) status = database_.execute("COMMIT");
  if (!status.ok() && database_.in_transaction()) {
    static_cast<void>(!database_.execute("ROLLBACK").ok());
  }
  return status;
}

Status SqliteStore::commit(const StoreBatch& batch) {
  Status status = database_.execute("BEGIN IMMEDIATE");
  return status.ok() ? end_transaction(write(batch)) : status;
}

Status SqliteStore::write(const StoreBatch& batch) {
  for (const ChangeRecord& change : batch.changes) {
    Status status = write(change);
    if (!status.ok()) return status;
  }
  Status status = put_meta("compacted", batch.compacted);
  if (status.ok() && !batch.changes.empty()) {
    status = put_meta("revision", batch.changes.back().revision);
  }
  if (!status.ok()) return status;
  return drop_changes_.bind(1, static_cast<std::int64_t>(batch.compacted)).run();
}

Status SqliteStore::write(const ChangeRecord& change) {
  const Record& record = *change.record;
  const auto revision = static_cast<std::int64_t>(change.revision);
  Status status;
  if (change.kind == v1::Change::PUT) {
    status = put_.bind_text(1, record.service())
                 .bind_text(2, record.id())
                 .bind(3, static_cast<std::int64_t>(record.lease))
                 .bind(4, record.ttl_ms)
                 .bind(5, revision)
                 .bind(6, record.registered_at_ms)
                 .bind_blob(7, record.instance_bytes())
                 .bind_text(8, record.client())
                 .run();
  } else {
    status = erase_.bind_text(1, record.service()).bind_text(2, record.id()).run();
  }
  if (!status.ok()) return status;
  return add_change_.bind(1, revision)
      .bind(2, change.kind)
      .bind_blob(3, record.entry().SerializeAsString())
      .run();
}

Status SqliteStore::put_meta(std::string_view key, std::uint64_t value) {
  return set_meta_.bind_text(1, key).bind(2, static_cast<std::int64_t>(value)).run();
}

}  // namespace

Result<std::shared_ptr<Store>> open_sqlite_store(const std::string& path) {
  auto store = std::make_shared<SqliteStore>(path);
  Status status = store->open();
  if (!status.ok()) return status;
  return std::shared_ptr<Store>(std::move(store));
}

}  // namespace weft::registry
