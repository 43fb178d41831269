#include "weft/storage/postgres/internal/postgres_driver.h"

#include <string>
#include <string_view>
#include <utility>

#include "weft/net/loop/close_on_loop.h"
#include "weft/net/loop/loop.h"
#include "weft/storage/postgres/internal/first_word.h"

namespace weft::postgres {
namespace {

JobPtr control(std::string_view text) {
  return std::make_shared<Job>(Job::Kind::Control, sql::Statement(text));
}

std::string begin_text(const sql::BeginOptions& options) {
  std::string text = "BEGIN";
  switch (options.isolation) {
    case sql::Isolation::Default:
      break;
    case sql::Isolation::ReadCommitted:
      text += " ISOLATION LEVEL READ COMMITTED";
      break;
    case sql::Isolation::RepeatableRead:
      text += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case sql::Isolation::Serializable:
      text += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  return text + (options.access == sql::Access::ReadOnly ? " READ ONLY" : " READ WRITE");
}

/// A transaction, on a connection of its own.
class PostgresSession final : public sql::Session {
 public:
  PostgresSession(std::shared_ptr<Pool> pool, std::shared_ptr<Connection> connection) noexcept
      : pool_(std::move(pool)), connection_(std::move(connection)) {}
  ~PostgresSession() override {
    if (!ended_ && !connection_->broken()) connection_->send(control("ROLLBACK"));
    pool_->give_back(connection_);
  }

  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    Status status = check_statement(statement);
    if (!status.ok()) co_return status;
    const JobPtr job = std::make_shared<Job>(Job::Kind::Statement, std::move(statement));
    status = co_await Pool::perform(pool_, job, connection_);
    if (!status.ok()) co_return status;
    co_return job->rows();
  }
  Task<Status> commit() override { return end("COMMIT", Job::Lost::OutcomeUnknown); }
  Task<Status> rollback() override { return end("ROLLBACK", Job::Lost::Nothing); }
  Task<Status> prepare(std::string name) override {
    return end("PREPARE TRANSACTION '" + name + "'", Job::Lost::OutcomeUnknown);
  }

  Task<Status> begin(std::string text) {
    const JobPtr job = control(text);
    co_return co_await Pool::perform(pool_, job, connection_);
  }

 private:
  Task<Status> end(std::string text, Job::Lost lost) {
    const JobPtr job = control(text);
    job->lost = lost;
    // Sent, so nothing has to be rolled back where this coroutine is destroyed.
    ended_ = true;
    co_return co_await Pool::perform(pool_, job, connection_);
  }

  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Connection> connection_;
  bool ended_ = false;
};

}  // namespace

PostgresDriver::PoolHandle::~PoolHandle() { net::close_on_loop(*anchor, std::move(pool)); }

std::shared_ptr<Pool> PostgresDriver::pool() const {
  return pools_.of(*net::Loop::current(), *net::Loop::current(), info_, options_).pool;
}

Task<Result<sql::Rows>> PostgresDriver::run(sql::Statement statement) {
  Status status = check_statement(statement);
  if (!status.ok()) co_return status;
  const bool ends = ends_prepared(statement.text());
  const JobPtr job =
      std::make_shared<Job>(ends ? Job::Kind::Control : Job::Kind::Statement, std::move(statement));
  job->sharing = sharing_of(job->statement.text());
  job->lost = lost_of(job->statement.text());
  status = co_await Pool::perform(pool(), job, nullptr);
  if (!status.ok()) co_return status;
  co_return job->rows();
}

Task<Result<std::unique_ptr<sql::Session>>> PostgresDriver::begin(sql::BeginOptions options) {
  const std::shared_ptr<Pool> here = pool();
  Result<std::shared_ptr<Connection>> connection = co_await Pool::lease(here);
  if (!connection.ok()) co_return std::move(connection).status();
  auto session = std::make_unique<PostgresSession>(here, *std::move(connection));
  const Status status = co_await session->begin(begin_text(options));
  if (!status.ok()) co_return status;
  co_return std::unique_ptr<sql::Session>(std::move(session));
}

Task<Status> PostgresDriver::connect() {
  const std::shared_ptr<Pool> here = pool();
  const Result<std::shared_ptr<Connection>> connection = co_await Pool::lease(here);
  if (!connection.ok()) co_return connection.status();
  here->give_back(*connection);
  co_return Status();
}

}  // namespace weft::postgres
