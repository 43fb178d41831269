#include "weft/transaction/two_phase/postgres_branches.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "weft/net/loop/deadline_guard.h"
#include "weft/storage/sql/error.h"
#include "weft/transaction/internal/schema.h"
#include "weft/transaction/two_phase/internal/gid.h"
#include "weft/transaction/two_phase/internal/open_branches.h"

namespace weft::transaction {
namespace {

using internal::OpenBranches;
using OpenPtr = std::shared_ptr<OpenBranches>;

// The witness of a branch is written by the transaction that is prepared, so it can be seen exactly
// if that was committed.
constexpr std::array<std::string_view, 2> kTables = {
    "CREATE TABLE weft_committed_branch(gid TEXT PRIMARY KEY, at BIGINT NOT NULL DEFAULT ({now}))",
    "CREATE INDEX weft_committed_branch_at ON weft_committed_branch(at)"};

constexpr std::string_view kNoSuchTransaction = "42704";
constexpr std::string_view kIsBusy = "55000";

bool has_state(const Status& status, std::string_view sqlstate) {
  const std::optional<sql::ErrorDetail> detail = sql::error_detail(status);
  return detail && detail->sqlstate == sqlstate;
}

Task<Status> check_setting(sql::Database database) {
  const Result<std::int64_t> most = co_await database.one<std::int64_t>(
      "SELECT current_setting('max_prepared_transactions')::bigint");
  if (!most.ok()) co_return most.status();
  if (*most > 0) co_return ok_status();
  co_return failed_precondition(
      "PostgreSQL prepares no transactions, for max_prepared_transactions is 0: put the line "
      "`max_prepared_transactions = 100` into postgresql.conf and restart the server");
}

Task<Result<bool>> is_prepared(sql::Database database, std::string gid) {
  const Result<std::int64_t> found = co_await database.one<std::int64_t>(
      "SELECT count(*) FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()",
      gid);
  if (!found.ok()) co_return found.status();
  co_return *found > 0;
}

Task<Result<bool>> is_committed(sql::Database database, std::string gid) {
  const Result<std::int64_t> found = co_await database.one<std::int64_t>(
      "SELECT count(*) FROM weft_committed_branch WHERE gid = $1", gid);
  if (!found.ok()) co_return found.status();
  co_return *found > 0;
}

/// Of an open branch that served all its calls.
Task<Result<Vote>> prepare_open(internal::OpenBranch& branch) {
  sql::Transaction transaction = *std::move(branch.transaction);
  branch.transaction.reset();
  const Result<bool> writes =
      co_await transaction.one<bool>("SELECT pg_current_xact_id_if_assigned() IS NOT NULL");
  if (!writes.ok()) co_return writes.status();
  if (!*writes) {
    Status status = co_await transaction.commit();
    if (!status.ok()) co_return status;
    co_return Vote::ReadOnly;
  }
  const Result<sql::Rows> witness =
      co_await transaction.run("INSERT INTO weft_committed_branch(gid) VALUES ($1)", branch.gid);
  if (!witness.ok()) co_return witness.status();
  Status status = co_await transaction.prepare(branch.gid);
  if (!status.ok()) co_return status;
  co_return Vote::Prepared;
}

Task<Result<Vote>> prepare_now(OpenPtr open, TwoPhaseBranch branch, std::uint32_t calls) {
  const Result<std::string> gid = internal::gid_of(branch);
  if (!gid.ok()) co_return gid.status();
  Result<OpenBranches::Taken> taken = co_await open->take(branch);
  if (!taken.ok()) co_return taken.status();
  if (taken->branch == nullptr) {
    const Result<bool> prepared = co_await is_prepared(open->database(), *gid);
    if (!prepared.ok()) co_return prepared.status();
    if (*prepared) co_return Vote::Prepared;
    co_return aborted("branch " + branch.text() + " is not here, or was rolled back");
  }
  internal::OpenBranch& found = *taken->branch;
  if (!found.is_complete(calls)) {
    const std::string why = found.doomed ? "a call of it has failed"
                                         : "it has served " + std::to_string(found.served.size()) +
                                               " of its " + std::to_string(calls) + " calls";
    found.doom();
    co_return aborted("branch " + branch.text() + " is rolled back: " + why);
  }
  co_return co_await prepare_open(found);
}

Task<Result<BranchEnd>> commit_now(OpenPtr open, TwoPhaseBranch branch) {
  const Result<std::string> gid = internal::gid_of(branch);
  if (!gid.ok()) co_return gid.status();
  const Status status = (co_await open->database().run("COMMIT PREPARED '" + *gid + "'")).status();
  if (status.ok()) co_return BranchEnd(BranchOutcome::Committed);
  if (has_state(status, kIsBusy)) co_return unavailable(status.message());
  if (!has_state(status, kNoSuchTransaction)) co_return status;
  const Result<bool> committed = co_await is_committed(open->database(), *gid);
  if (!committed.ok()) co_return committed.status();
  if (*committed) co_return BranchEnd(BranchOutcome::Committed);
  co_return BranchEnd(BranchOutcome::Aborted, "PostgreSQL has neither the prepared transaction " +
                                                  *gid +
                                                  " nor its witness: somebody has rolled it back");
}

Task<Result<BranchEnd>> abort_now(OpenPtr open, TwoPhaseBranch branch) {
  const Result<std::string> gid = internal::gid_of(branch);
  if (!gid.ok()) co_return gid.status();
  Result<OpenBranches::Taken> taken = co_await open->take(branch);
  if (!taken.ok()) co_return taken.status();
  if (taken->branch != nullptr) taken->branch->doom();
  // Asked first: PostgreSQL logs an error for each that is not there.
  const Result<bool> prepared = co_await is_prepared(open->database(), *gid);
  if (!prepared.ok()) co_return prepared.status();
  if (*prepared) {
    const Status status =
        (co_await open->database().run("ROLLBACK PREPARED '" + *gid + "'")).status();
    if (status.ok()) co_return BranchEnd(BranchOutcome::Aborted);
    if (has_state(status, kIsBusy)) co_return unavailable(status.message());
    if (!has_state(status, kNoSuchTransaction)) co_return status;
  }
  const Result<bool> committed = co_await is_committed(open->database(), *gid);
  if (!committed.ok()) co_return committed.status();
  if (!*committed) co_return BranchEnd(BranchOutcome::Aborted);
  co_return BranchEnd(BranchOutcome::Committed,
                      "somebody has committed the prepared transaction " + *gid);
}

}  // namespace

Task<Result<std::shared_ptr<PostgresBranches>>> PostgresBranches::open(
    sql::Database database, PostgresBranchesOptions options) {
  const Result<internal::Dialect> dialect = co_await internal::set_up(
      database, internal::Schema{.part = "branches", .version = 1, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  if (*dialect != internal::Dialect::Postgres) {
    co_return unimplemented("SQLite prepares no transactions; ReservedBranches is for it");
  }
  Status status = co_await check_setting(database);
  if (!status.ok()) co_return status;
  auto open = std::make_shared<OpenBranches>(std::move(database), options);
  open->start();
  co_return std::shared_ptr<PostgresBranches>(new PostgresBranches(std::move(open)));
}

PostgresBranches::PostgresBranches(std::shared_ptr<OpenBranches> open) noexcept
    : open_(std::move(open)) {}
PostgresBranches::~PostgresBranches() = default;

Task<Result<internal::BranchVisit>> PostgresBranches::enter(OpenPtr open, WorkCall call) {
  co_return co_await open->enter(std::move(call));
}

// In Contexts of their own: what was begun is carried through although the caller has gone.
Task<Result<Vote>> PostgresBranches::prepare(TwoPhaseBranch branch, std::uint32_t calls) {
  Status status = open_->check_loop();
  if (!status.ok()) return Result<Vote>(status);
  return net::in_own_context(open_->options().statement_timeout,
                             prepare_now(open_, std::move(branch), calls));
}
Task<Result<BranchEnd>> PostgresBranches::commit(TwoPhaseBranch branch) {
  Status status = open_->check_loop();
  if (!status.ok()) return Result<BranchEnd>(status);
  return net::in_own_context(open_->options().statement_timeout,
                             commit_now(open_, std::move(branch)));
}
Task<Result<BranchEnd>> PostgresBranches::abort(TwoPhaseBranch branch) {
  Status status = open_->check_loop();
  if (!status.ok()) return Result<BranchEnd>(status);
  return net::in_own_context(open_->options().statement_timeout,
                             abort_now(open_, std::move(branch)));
}

Task<Result<std::vector<InDoubt>>> PostgresBranches::in_doubt(std::size_t most) {
  return in_doubt_in(open_->database(), most);
}

Result<std::string> PostgresBranches::gid_of(const TwoPhaseBranch& branch) {
  return internal::gid_of(branch);
}

Task<Result<std::vector<InDoubt>>> PostgresBranches::in_doubt_in(sql::Database database,
                                                                 std::size_t most) {
  using Row = std::tuple<std::string, std::int64_t>;
  // Others' names begin otherwise; the database is the one in which they can be ended.
  const Result<std::vector<Row>> rows = co_await database.all<Row>(
      "SELECT gid, (extract(epoch FROM clock_timestamp() - prepared) * 1000)::bigint "
      "FROM pg_prepared_xacts WHERE database = current_database() AND left(gid, 6) = $1 "
      "ORDER BY prepared LIMIT $2",
      internal::kGidPrefix, most);
  if (!rows.ok()) co_return rows.status();
  std::vector<InDoubt> found;
  for (const auto& [gid, age] : *rows) {
    std::optional<TwoPhaseBranch> branch = internal::branch_of_gid(gid);
    if (!branch) continue;
    InDoubt one;
    one.branch = *std::move(branch);
    one.age = std::chrono::milliseconds(age);
    found.push_back(std::move(one));
  }
  co_return found;
}

Task<Result<std::uint64_t>> PostgresBranches::forget(Duration older) {
  const OpenPtr open = open_;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(older).count();
  const std::string text = internal::with_clock(
      "DELETE FROM weft_committed_branch WHERE at < {now} - $1", internal::Dialect::Postgres);
  const Result<sql::Rows> removed = co_await open->database().run(text, milliseconds);
  if (!removed.ok()) co_return removed.status();
  co_return removed->changed();
}

std::size_t PostgresBranches::open_branches() const noexcept { return open_->size(); }

}  // namespace weft::transaction
