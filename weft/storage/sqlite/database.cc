#include "weft/storage/sqlite/database.h"

#include <array>
#include <atomic>
#include <string_view>

#include "weft/coro/context.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/offload.h"
#include "weft/storage/sqlite/internal/connection.h"
#include "weft/storage/sqlite/internal/copy_file.h"
#include "weft/storage/sqlite/internal/private_file.h"
#include "weft/storage/sqlite/internal/schema.h"
#include "weft/storage/sqlite/internal/sqlite_driver.h"

namespace weft::sqlite {
namespace {

struct Opened {
  ConnectionOptions options;
  std::unique_ptr<Connection> connection;
};

Status check_options(const std::string& path, const Options& options) {
  if (path.empty() || path.starts_with(":memory:") || path.starts_with("file:")) {
    return invalid_argument("'" + path +
                            "': name a file; its readers could not share another kind of database");
  }
  for (const Migration& migration : options.migrations) {
    if (migration.name.empty()) return invalid_argument(path + ": a migration has no name");
  }
  return {};
}

/// The log beside the file, and no fsync of SQLite's own at each commit: the writer does it for
/// many.
Status set_up_log(Connection& connection) {
  const Result<std::string> mode = connection.text("PRAGMA journal_mode = WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") {
    return failed_precondition(connection.path() +
                               ": no write-ahead log is possible there: journal_mode is " + *mode);
  }
  return connection.execute("PRAGMA synchronous = NORMAL");
}

Status open_writer(Connection& connection, const Options& options) {
  // Before anything is written, also not the log.
  Status status = connection.open();
  if (!status.ok()) return status;
  if (connection.only_reads()) {
    return failed_precondition(connection.path() +
                               ": it cannot be written to; open it with Access::ReadOnly");
  }
  const Result<std::int64_t> schema = connection.number("PRAGMA schema_version");
  if (!schema.ok()) return schema.status();
  if (*schema == 0) status = set_up_log(connection);
  if (status.ok()) status = prepare_schema(connection, options);
  if (status.ok()) status = set_up_log(connection);
  // What the migrations have done, before anybody relies on it.
  return status.ok() ? connection.sync_log() : status;
}

/// Blocks.
Result<Opened> open_file(const std::string& path, const Options& options) {
  Status status = check_options(path, options);
  if (status.ok() && options.access == sql::Access::ReadWrite) {
    // Files that a VFS of its own keeps elsewhere have no mode here.
    if (options.vfs.empty()) status = make_private_file(path);
    for (const char* suffix : {"", "-wal", "-shm"}) keep_private(path + suffix);
  }
  if (!status.ok()) return status;
  Opened opened;
  opened.options.path = path;
  opened.options.vfs = options.vfs;
  opened.options.access = options.access;
  opened.options.busy_timeout = options.busy_timeout;
  opened.options.prepared_statements = options.prepared_statements;
  opened.options.max_result_bytes = options.max_result_bytes;
  opened.connection = std::make_unique<Connection>(opened.options);
  if (options.access == sql::Access::ReadWrite) {
    status = open_writer(*opened.connection, options);
  } else {
    status = opened.connection->open();
    if (status.ok()) status = prepare_schema(*opened.connection, options);
    opened.connection.reset();
  }
  if (!status.ok()) return status;
  return opened;
}

/// Sets a flag when the Context of a coroutine is cancelled, or the coroutine goes.
class CancelFlag : private CancelHook {
 public:
  explicit CancelFlag(Context* context)
      : CancelHook([](CancelHook& hook, const Status&) noexcept {
          *static_cast<CancelFlag&>(hook).flag_ = true;
        }) {
    if (context != nullptr && !context->add_hook(*this)) *flag_ = true;
  }
  ~CancelFlag() { *flag_ = true; }
  const std::shared_ptr<std::atomic<bool>>& flag() const noexcept { return flag_; }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

Task<Status> back_up(std::shared_ptr<SqliteDriver> driver, std::string path) {
  const CancelFlag cancelled(co_await current_context());
  const auto work = [options = driver->connection_options(), path, flag = cancelled.flag()] {
    return copy_file(options, path, *flag);
  };
  co_return co_await net::offload(work);
}

Task<Status> stop(std::shared_ptr<SqliteDriver> driver) {
  const auto work = [driver] { driver->stop(); };
  co_await net::offload(work);
  co_return Status();
}

}  // namespace

Database::Database(std::shared_ptr<SqliteDriver> driver)
    : sql::Database(driver), driver_(std::move(driver)) {}

Task<Status> Database::backup(std::string path) const { return back_up(driver_, std::move(path)); }

Task<Status> Database::close() const { return stop(driver_); }

Task<Result<Database>> open(std::string path, Options options) {
  // Copies: the file is opened to the end where this coroutine is destroyed meanwhile.
  const auto work = [path, options] { return open_file(path, options); };
  Result<Opened> opened = co_await net::offload(work);
  if (!opened.ok()) co_return std::move(opened).status();
  const Threads threads =
      net::Loop::current()->is_simulated() ? Threads::None : Threads::OfTheirOwn;
  co_return Database(std::make_shared<SqliteDriver>(options, std::move(opened->options),
                                                    std::move(opened->connection), threads));
}

}  // namespace weft::sqlite
