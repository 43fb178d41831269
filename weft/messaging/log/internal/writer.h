#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/messaging/log/internal/log_store.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"

namespace weft::messaging::stored {

/// The one thread that changes the log's files. It takes all that waits, writes each topic's
/// events at once, syncs, and answers. On a simulated loop there is no thread: the same is done at
/// the end of the turn. From any loop.
class Writer {
 public:
  explicit Writer(std::unique_ptr<LogStore> store) : store_(std::move(store)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what waits, and ends the thread.
  ~Writer();

  /// OK once the events are safe. RESOURCE_EXHAUSTED: too much waits already
  /// (LogOptions::max_queued_bytes).
  Task<Status> append(std::string topic, std::vector<std::string> bodies);
  /// Runs `job` where the files may be changed; its status.
  Task<Status> run(UniqueFunction<Status(LogStore&)> job);
  /// As run(), without waiting for it; what fails is logged.
  void post(UniqueFunction<Status(LogStore&)> job);

 private:
  struct Waiting;
  struct Append {
    std::string topic;
    std::vector<std::string> bodies;
    std::size_t bytes;
    std::shared_ptr<Waiting> waiting;
  };
  struct Job {
    UniqueFunction<Status(LogStore&)> function;
    std::shared_ptr<Waiting> waiting;  // null: nobody does
  };
  class Attached;

  void wake();
  void serve();
  void flush();
  void write(std::vector<Append>& appends);
  static void answer(std::vector<std::shared_ptr<Waiting>> answered);

  const std::unique_ptr<LogStore> store_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<Append> appends_;
  std::vector<Job> jobs_;
  std::size_t queued_bytes_ = 0;
  bool closing_ = false;
  bool posted_ = false;  // flush() runs later in this turn of a simulation
  std::thread thread_;   // from the first work on
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace weft::messaging::stored
