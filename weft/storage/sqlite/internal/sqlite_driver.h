#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/driver.h"
#include "weft/storage/sqlite/database.h"
#include "weft/storage/sqlite/internal/connection.h"
#include "weft/storage/sqlite/internal/job_queue.h"
#include "weft/storage/sqlite/internal/reader.h"
#include "weft/storage/sqlite/internal/writer.h"

namespace weft::sqlite {

/// Where the lanes run.
enum class Threads : std::uint8_t {
  OfTheirOwn,
  /// On the loop's own thread, at once: in a simulation, where nothing may leave it.
  None,
};

/// The lanes of a file, and what coroutines wait for them with.
class SqliteDriver final : public sql::Driver, public std::enable_shared_from_this<SqliteDriver> {
 public:
  /// `connection` is the writer's, open; of a file that is only read it is not kept.
  SqliteDriver(const Options& options, ConnectionOptions connection_options,
               std::unique_ptr<Connection> connection, Threads threads);
  ~SqliteDriver() override;

  Task<Result<sql::Rows>> run(sql::Statement statement) override;
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override;
  /// Hands a job over and waits for its end; its status, or the reason for which the Context was
  /// cancelled.
  Task<Status> perform(JobQueue& queue, JobPtr job);
  /// Hands a job over that nobody waits for.
  void push(JobQueue& queue, JobPtr job);
  /// Waits for what is under way, and closes the file. Blocks.
  void stop();
  const ConnectionOptions& connection_options() const noexcept { return connection_options_; }

 private:
  bool writes() const noexcept { return connection_ != nullptr; }
  void start_writer();
  void start_reader();
  /// Does all that can be done, on this thread.
  void work_off();

  const Options options_;
  const ConnectionOptions connection_options_;
  const Threads where_;
  JobQueue writes_;
  JobQueue reads_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Writer> writer_;
  std::atomic<std::uint64_t> next_transaction_{1};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

}  // namespace weft::sqlite
