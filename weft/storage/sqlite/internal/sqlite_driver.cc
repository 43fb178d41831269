#include "weft/storage/sqlite/internal/sqlite_driver.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <pthread.h>

#include "weft/base/text/ascii.h"
#include "weft/coro/context.h"
#include "weft/net/loop/awaited.h"
#include "weft/net/loop/wait.h"

namespace weft::sqlite {
namespace {

/// Whether a statement is worth a try at a reader; the reader finds out whether it writes.
bool may_only_read(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t\r\n(");
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin);
  constexpr std::array<std::string_view, 4> kFirst{"select", "with", "values", "explain"};
  for (const std::string_view word : kFirst) {
    if (ascii::equal_without_case(text.substr(0, word.size()), word)) return true;
  }
  return false;
}

/// Cancels a job whose coroutine is destroyed before the job has ended.
class CancelWhenGone {
 public:
  CancelWhenGone(JobQueue& queue, JobPtr job) noexcept : queue_(queue), job_(std::move(job)) {}
  CancelWhenGone(const CancelWhenGone&) = delete;
  CancelWhenGone& operator=(const CancelWhenGone&) = delete;
  ~CancelWhenGone() {
    if (!job_->ended) queue_.cancel(*job_);
  }

 private:
  JobQueue& queue_;
  JobPtr job_;
};

Task<Status> until_ended(JobPtr job) {
  net::Wait wait(*net::Loop::current());
  const net::Awaited place(job->wait, wait);
  co_return co_await wait;
}

/// A transaction on one of the lanes.
class SqliteSession final : public sql::Session {
 public:
  SqliteSession(std::shared_ptr<SqliteDriver> driver, JobQueue& queue, std::uint64_t id)
      : driver_(std::move(driver)), queue_(queue), id_(id) {}
  /// Also where the transaction has not begun yet, or ended by itself: then it does nothing.
  ~SqliteSession() override {
    if (!ended_) driver_->push(queue_, job(Job::Kind::Rollback));
  }

  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    const JobPtr run = std::make_shared<Job>(Job::Kind::Run, std::move(statement), id_);
    const Status status = co_await driver_->perform(queue_, run);
    if (!status.ok()) co_return status;
    co_return std::move(run->rows);
  }
  Task<Status> commit() override { return end(Job::Kind::Commit); }
  Task<Status> rollback() override { return end(Job::Kind::Rollback); }

 private:
  JobPtr job(Job::Kind kind) const {
    return std::make_shared<Job>(kind, sql::Statement(std::string_view()), id_);
  }
  Task<Status> end(Job::Kind kind) {
    const JobPtr last = job(kind);
    Status status = co_await driver_->perform(queue_, last);
    ended_ = last->ended;
    co_return status;
  }

  std::shared_ptr<SqliteDriver> driver_;
  JobQueue& queue_;
  const std::uint64_t id_;
  bool ended_ = false;
};

void name_thread() noexcept { ::pthread_setname_np(::pthread_self(), "weft-sqlite"); }

}  // namespace

SqliteDriver::SqliteDriver(const Options& options, ConnectionOptions connection_options,
                           std::unique_ptr<Connection> connection, Threads threads)
    : options_(options),
      connection_options_(std::move(connection_options)),
      where_(threads),
      writes_(options.max_waiting),
      reads_(options.max_waiting),
      connection_(std::move(connection)) {
  if (!writes()) {
    writes_.close(failed_precondition(connection_options_.path + ": opened to be read only"));
    return;
  }
  writer_ = std::make_unique<Writer>(writes_, *connection_, options_.idle_transaction);
  if (options_.durability == Durability::Full) writer_->make_durable();
  if (where_ == Threads::OfTheirOwn) start_writer();
}

SqliteDriver::~SqliteDriver() { stop(); }

void SqliteDriver::start_writer() {
  threads_.emplace_back([this] {
    name_thread();
    while (!writes_.is_closed()) writer_->work(kNever);
    writer_->finish();
  });
}

void SqliteDriver::start_reader() {
  const std::lock_guard lock(mutex_);
  if (stopped_ || readers_.size() >= std::max<std::size_t>(options_.readers, 1)) return;
  ConnectionOptions reading = connection_options_;
  reading.role = Role::Reader;
  readers_.push_back(std::make_unique<Reader>(reads_, reading, writer_.get()));
  if (where_ == Threads::None) return;
  threads_.emplace_back([this, &reader = *readers_.back()] {
    name_thread();
    while (!reads_.is_closed()) reader.work(kNever);
  });
}

void SqliteDriver::stop() {
  const Status closed = unavailable(connection_options_.path + ": the database was closed");
  reads_.close(closed);
  writes_.close(closed);
  std::unique_lock lock(mutex_);
  if (std::exchange(stopped_, true)) return;
  std::vector<std::thread> threads = std::exchange(threads_, {});
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  if (writer_ != nullptr && where_ == Threads::None) writer_->finish();
  readers_.clear();
  // Last: who closes last brings the log into the file.
  connection_.reset();
}

void SqliteDriver::work_off() {
  for (bool worked = true; worked;) {
    worked = writer_ != nullptr && writer_->has_work();
    if (worked) writer_->work(TimePoint::min());
    for (const std::unique_ptr<Reader>& reader : readers_) {
      if (!reader->has_work()) continue;
      reader->work(TimePoint::min());
      worked = true;
    }
  }
}

void SqliteDriver::push(JobQueue& queue, JobPtr job) {
  if (queue.push(std::move(job)) && &queue == &reads_) start_reader();
  if (where_ == Threads::None) work_off();
}

Task<Status> SqliteDriver::perform(JobQueue& queue, JobPtr job) {
  job->loop = net::Loop::current()->anchor();
  const CancelWhenGone guard(queue, job);
  push(queue, job);
  const Status reason = co_await until_ended(job);
  if (job->ended) co_return job->status;
  switch (queue.cancel(*job)) {
    case JobQueue::Cancelled::NotBegun:
      co_return reason;
    case JobQueue::Cancelled::Written:
      co_return reason.with_prefix("committed, but not known to be on the disk yet");
    case JobQueue::Cancelled::Running:
      break;
  }
  // A cancelled statement ends within a moment, and then it is known what became of it.
  Context alone;
  static_cast<void>(co_await until_ended(job).in(alone));
  if (job->status.code() == StatusCode::Cancelled) co_return reason;
  co_return job->status;
}

Task<Result<sql::Rows>> SqliteDriver::run(sql::Statement statement) {
  const bool reads = !writes() || may_only_read(statement.text());
  JobPtr job = std::make_shared<Job>(Job::Kind::Run, std::move(statement), 0);
  Status status = co_await perform(reads ? reads_ : writes_, job);
  if (status.ok() && job->must_write) {
    job = std::make_shared<Job>(Job::Kind::Run, job->statement, 0);
    status = co_await perform(writes_, job);
  }
  if (!status.ok()) co_return status;
  co_return std::move(job->rows);
}

Task<Result<std::unique_ptr<sql::Session>>> SqliteDriver::begin(sql::BeginOptions options) {
  JobQueue& queue = options.access == sql::Access::ReadOnly ? reads_ : writes_;
  const std::uint64_t id = next_transaction_.fetch_add(1);
  std::unique_ptr<sql::Session> session =
      std::make_unique<SqliteSession>(shared_from_this(), queue, id);
  const JobPtr job =
      std::make_shared<Job>(Job::Kind::Begin, sql::Statement(std::string_view()), id);
  const Status status = co_await perform(queue, job);
  if (!status.ok()) co_return status;
  co_return std::move(session);
}

}  // namespace weft::sqlite
