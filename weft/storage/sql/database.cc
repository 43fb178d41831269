#include "weft/storage/sql/database.h"

#include <string>

namespace weft::sql {
namespace {

Status has_ended() { return failed_precondition("the transaction has ended"); }

/// Keeps the driver until its Task has ended, for a Database that goes meanwhile.
Task<Result<Rows>> run_on(std::shared_ptr<Driver> driver, Statement statement) {
  co_return co_await driver->run(std::move(statement));
}

Task<Result<Transaction>> begin_on(std::shared_ptr<Driver> driver, BeginOptions options) {
  Result<std::unique_ptr<Session>> session = co_await driver->begin(options);
  if (!session.ok()) co_return std::move(session).status();
  co_return Transaction(*std::move(session));
}

}  // namespace

Task<Result<Rows>> Transaction::execute(Statement statement) {
  if (session_ == nullptr) return Result<Rows>(has_ended());
  return session_->run(std::move(statement));
}

Task<Status> Transaction::commit() {
  if (session_ == nullptr) return has_ended();
  return commit_and_end(std::move(session_));
}

Task<Status> Transaction::rollback() {
  if (session_ == nullptr) return has_ended();
  return rollback_and_end(std::move(session_));
}

Task<Status> Transaction::commit_and_end(std::unique_ptr<Session> session) {
  co_return co_await session->commit();
}

Task<Status> Transaction::rollback_and_end(std::unique_ptr<Session> session) {
  co_return co_await session->rollback();
}

Task<Result<Transaction>> Database::begin(BeginOptions options) const {
  return begin_on(driver_, options);
}

Task<Result<Rows>> Database::execute(Statement statement) {
  return run_on(driver_, std::move(statement));
}

}  // namespace weft::sql
