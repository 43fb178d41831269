#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"

/// SQLite for coroutines: one thread writes, others read beside it, and no loop waits for a disk.
namespace weft::sqlite {

/// A step of the schema: one or more statements, run once in a transaction of their own. What has
/// been released is never changed; a further step is added behind it.
struct Migration {
  std::string name;
  std::string sql;
};

/// What a commit promises when it has succeeded.
enum class Durability : std::uint8_t {
  Full,     ///< it survives a loss of power
  Process,  ///< it survives the end of the process; a loss of power may take back the last commits
};

/// What is checked when the file is opened.
enum class IntegrityCheck : std::uint8_t {
  None,
  Quick,  ///< pages and rows (PRAGMA quick_check)
  Whole,  ///< indices too (PRAGMA integrity_check); takes as long as reading everything
};

class Options {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  Options() {}

  sql::Access access = sql::Access::ReadWrite;
  Durability durability = Durability::Full;
  IntegrityCheck integrity = IntegrityCheck::None;
  /// The whole history of the schema, in its order. A file that has had more of them, or others, is
  /// refused.
  std::vector<Migration> migrations;
  /// A number of the program's own, kept in the file; 0: not checked. A file with another is
  /// refused.
  std::int32_t application_id = 0;
  /// Threads that read, each with a connection; they start when they are needed.
  std::size_t readers = 4;
  /// Statements that each connection keeps prepared.
  std::size_t prepared_statements = 128;
  /// How long a statement waits for a lock that another program has on the file.
  Duration busy_timeout = std::chrono::seconds(5);
  /// A transaction that writes is rolled back when nothing comes for so long: it keeps others out.
  Duration idle_transaction = std::chrono::seconds(30);
  /// The values of one result.
  std::size_t max_result_bytes = std::size_t{64} << 20;
  /// Statements that wait for a thread; more are refused with RESOURCE_EXHAUSTED.
  std::size_t max_waiting = 65536;
  /// SQLite's VFS; empty: the system's.
  std::string vfs;
};

class SqliteDriver;

/// A file of SQLite's, in WAL mode.
///
/// SELECT and other statements that only read run on the readers' threads, and see what was
/// committed before they began. All else runs on the writer's, one after another; commits of many
/// share an fsync, and each is answered after it. A result is not given before what it saw is on
/// the disk.
class Database final : public sql::Database {
 public:
  explicit Database(std::shared_ptr<SqliteDriver> driver);

  /// Copies the database as it is now to a new file (0600), while others read and write. The file
  /// has its name once it is complete. ALREADY_EXISTS where there is one.
  [[nodiscard]] Task<Status> backup(std::string path) const;

  /// Waits for what is under way, and closes the file. What comes later is refused with
  /// UNAVAILABLE. The last handle does the same where it is destroyed, and blocks its thread
  /// meanwhile.
  [[nodiscard]] Task<Status> close() const;

 private:
  std::shared_ptr<SqliteDriver> driver_;
};

/// Opens the file, makes it where there is none (0600), and brings its schema up to date. On a
/// thread of its own; the errors name the file.
///
/// - FAILED_PRECONDITION: it cannot be opened, belongs to another program (application_id), or was
///   written by a newer program; it is unchanged then.
/// - ABORTED: another program keeps it locked for longer than busy_timeout.
/// - DATA_LOSS: it is damaged, or no file of SQLite's.
[[nodiscard]] Task<Result<Database>> open(std::string path, Options options = {});

}  // namespace weft::sqlite
