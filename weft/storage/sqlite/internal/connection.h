#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/storage/sql/driver.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"
#include "weft/storage/sqlite/internal/prepared.h"

struct sqlite3;

namespace weft::sqlite {

/// What a connection is opened for.
enum class Role : std::uint8_t { Writer, Reader };

struct ConnectionOptions {
  std::string path;
  std::string vfs;
  sql::Access access = sql::Access::ReadWrite;
  Role role = Role::Writer;
  Duration busy_timeout{};
  std::size_t prepared_statements = 0;
  std::size_t max_result_bytes = 0;
};

/// A connection to a file, for one thread at a time.
class Connection {
 public:
  explicit Connection(ConnectionOptions options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  Status open();
  /// Runs a user's statement, as often as it says, into `rows`. A batch outside of a transaction
  /// may have been run in part where it fails. A reader's connection sets `must_write` where the
  /// statement writes, and does not run it.
  ///
  /// `cancelled`, set by another thread, ends it with CANCELLED.
  Status run(const sql::Statement& statement, const std::atomic<bool>& cancelled, sql::Rows& rows,
             bool& must_write);
  /// One or more statements of our own, without parameters and results.
  Status execute(const std::string& sql);
  Status execute(const char* sql, const std::atomic<bool>& cancelled);
  /// A user's script, as a migration, in which BEGIN and COMMIT are refused.
  Status execute_script(const std::string& sql);
  /// The one number or text that a statement of our own gives.
  Result<std::int64_t> number(std::string_view sql);
  Result<std::string> text(std::string_view sql);

  bool in_transaction() const noexcept;
  bool only_reads() const noexcept;
  /// Forces the write-ahead log to the disk.
  Status sync_log();
  /// Set by every commit before others can see it.
  void note_commits_in(std::atomic<bool>& unsynced);
  sqlite3* handle() const noexcept { return connection_; }
  const std::string& path() const noexcept { return options_.path; }

 private:
  static int progress(void* self) noexcept;
  static int busy(void* self, int times) noexcept;
  static int authorize(void* self, int action, const char* first, const char* second, const char*,
                       const char*) noexcept;
  Result<Prepared*> prepare(const std::string& text);
  Status run_once(Prepared& prepared, sql::Cells& cells);
  Status error(int code) const;

  const ConnectionOptions options_;
  sqlite3* connection_ = nullptr;
  PreparedCache prepared_;
  const std::atomic<bool>* cancelled_ = nullptr;
  TimePoint busy_since_{};
  bool own_statement_ = true;
  bool refused_ = false;
};

}  // namespace weft::sqlite
