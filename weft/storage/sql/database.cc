#include "weft/storage/sql/database.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "weft/base/text/printable.h"

namespace weft::sql {
namespace {

Status has_ended() { return failed_precondition("the transaction has ended"); }

/// PostgreSQL takes shorter names than 200 bytes, and no parameter in their place: what needs
/// quoting is refused.
constexpr std::size_t kMostPreparedName = 199;
Status check_prepared_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-_.:%/").find(c) != std::string_view::npos;
  });
  if (plain && !name.empty() && name.size() <= kMostPreparedName) return ok_status();
  return invalid_argument("the name of a prepared transaction has " + std::to_string(name.size()) +
                          " characters: \"" + printable(name) +
                          "\"; it may have 1 to 199 of A-Z, a-z, 0-9 and \"-_.:%/\"");
}

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

Task<Status> Transaction::prepare(std::string name) {
  if (session_ == nullptr) return has_ended();
  if (Status status = check_prepared_name(name); !status.ok()) return status;
  return prepare_and_end(std::move(session_), std::move(name));
}

Task<Status> Session::prepare(std::string) {
  return unimplemented("this database keeps no prepared transactions");
}

Task<Status> Transaction::commit_and_end(std::unique_ptr<Session> session) {
  co_return co_await session->commit();
}

Task<Status> Transaction::rollback_and_end(std::unique_ptr<Session> session) {
  co_return co_await session->rollback();
}

Task<Status> Transaction::prepare_and_end(std::unique_ptr<Session> session, std::string name) {
  co_return co_await session->prepare(std::move(name));
}

Task<Result<Transaction>> Database::begin(BeginOptions options) const {
  return begin_on(driver_, options);
}

Task<Result<Rows>> Database::execute(Statement statement) {
  return run_on(driver_, std::move(statement));
}

}  // namespace weft::sql
