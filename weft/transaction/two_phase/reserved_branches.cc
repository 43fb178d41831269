#include "weft/transaction/two_phase/reserved_branches.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>

#include "weft/storage/sql/transact.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/internal/schema.h"

namespace weft::transaction {
namespace {

// state: below. at: when the row came into it, in milliseconds since 1970. Call 0 is the mark of an
// abort, which keeps late calls out.
constexpr std::array<std::string_view, 2> kTables = {
    "CREATE TABLE weft_reservation(transaction_id TEXT NOT NULL, branch TEXT NOT NULL, "
    "call BIGINT NOT NULL, coordinator TEXT NOT NULL, name TEXT NOT NULL, request BLOB NOT NULL, "
    "state BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY(transaction_id, branch, call))",
    "CREATE INDEX weft_reservation_state ON weft_reservation(state, at)"};

/// Values are stored.
enum class State : std::uint8_t { Reserved = 1, Prepared = 2, Committed = 3, Aborted = 4 };

struct Row {
  std::int64_t call = 0;
  std::string coordinator, name;
  Bytes request;
  int state = 0;

  bool is(State other) const noexcept { return state == static_cast<int>(other); }
};

internal::Schema schema() {
  return internal::Schema{.part = "reservations", .version = 1, .statements = kTables};
}

Status of_another(const TwoPhaseBranch& branch) {
  return failed_precondition("branch " + branch.text() + " belongs to another coordinator than " +
                             branch.coordinator);
}

Task<Result<std::vector<InDoubt>>> found_in_doubt(sql::Database database, internal::Dialect dialect,
                                                  std::size_t most) {
  using Row = std::tuple<std::string, std::string, std::string, std::int64_t>;
  const std::string text = internal::with_clock(
      "SELECT transaction_id, branch, coordinator, {now} - max(at) FROM weft_reservation "
      "WHERE state IN (1, 2) GROUP BY transaction_id, branch, coordinator "
      "ORDER BY max(at) LIMIT $1",
      dialect);
  const Result<std::vector<Row>> rows = co_await database.all<Row>(text, most);
  if (!rows.ok()) co_return rows.status();
  std::vector<InDoubt> found;
  for (const auto& [transaction, branch, coordinator, age] : *rows) {
    InDoubt one;
    one.branch = TwoPhaseBranch(transaction, branch, coordinator);
    one.age = std::chrono::milliseconds(age);
    found.push_back(std::move(one));
  }
  co_return found;
}

}  // namespace

class ReservedBranches::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(sql::Database database, internal::Dialect dialect)
      : database_(std::move(database)), dialect_(dialect) {}

  Status add(std::string name, internal::ReservedWork work) {
    if (Status status = check_branch_text("the kind of work", name); !status.ok()) return status;
    if (works_.contains(name)) return already_exists("there is work \"" + name + "\" already");
    works_.emplace(std::move(name), std::move(work));
    return ok_status();
  }
  sql::Database& database() noexcept { return database_; }
  internal::Dialect dialect() const noexcept { return dialect_; }
  std::string sql(std::string_view text) const { return with_clock(text, dialect_); }

  Result<const internal::ReservedWork*> find(const std::string& name) const {
    const auto found = works_.find(name);
    if (found != works_.end()) return &found->second;
    return not_found("no work \"" + name + "\" was added to the ReservedBranches");
  }

  /// Locked until the end of the transaction: a decision may be told twice at once, or overtake the
  /// vote, and PostgreSQL runs these beside each other. SQLite has one writer.
  Task<Result<std::vector<Row>>> rows(sql::Transaction& in, const TwoPhaseBranch& branch) const {
    const std::string_view lock = dialect_ == internal::Dialect::Postgres ? " FOR UPDATE" : "";
    return in.all<Row>(
        "SELECT call, coordinator, name, request, state FROM weft_reservation "
        "WHERE transaction_id = $1 AND branch = $2 ORDER BY call" +
            std::string(lock),
        branch.transaction, branch.name);
  }
  Task<Status> set(sql::Transaction& in, const TwoPhaseBranch& branch, State state) const {
    const Result<sql::Rows> done = co_await in.run(
        sql("UPDATE weft_reservation SET state = $3, at = {now} WHERE transaction_id = $1 AND "
            "branch = $2"),
        branch.transaction, branch.name, static_cast<int>(state));
    co_return done.status();
  }
  /// Whether the row was not there yet.
  Task<Result<bool>> insert(sql::Transaction& in, const WorkCall& call, const std::string& name,
                            const Bytes& request, State state) const {
    const Result<sql::Rows> done = co_await in.run(
        sql("INSERT INTO weft_reservation VALUES ($1, $2, $3, $4, $5, $6, $7, {now}) "
            "ON CONFLICT DO NOTHING"),
        call.branch.transaction, call.branch.name, static_cast<std::int64_t>(call.number),
        call.branch.coordinator, name, request, static_cast<int>(state));
    if (!done.ok()) co_return done.status();
    co_return done->changed() == 1;
  }
  /// Applies all calls of a branch in their order, or releases them in reverse.
  Task<Status> carry_out(sql::Transaction& in, std::vector<Row> rows, bool apply) const {
    if (!apply) std::ranges::reverse(rows);
    for (const Row& row : rows) {
      if (row.call == 0) continue;
      const Result<const internal::ReservedWork*> work = find(row.name);
      if (!work.ok()) co_return work.status();
      Task<Status> task =
          apply ? (*work)->apply(in, row.request) : (*work)->release(in, row.request);
      const Status status = co_await std::move(task);
      if (!status.ok()) co_return status;
    }
    co_return ok_status();
  }

  // In a transaction each.
  static Task<Result<Bytes>> reserve_in(sql::Transaction& in, std::shared_ptr<Impl>& impl,
                                        std::string& name, WorkCall& call, Bytes& request);
  static Task<Result<Vote>> prepare_in(sql::Transaction& in, std::shared_ptr<Impl>& impl,
                                       TwoPhaseBranch& branch, std::uint32_t& calls);
  static Task<Result<BranchEnd>> commit_in(sql::Transaction& in, std::shared_ptr<Impl>& impl,
                                           TwoPhaseBranch& branch);
  static Task<Result<BranchEnd>> abort_in(sql::Transaction& in, std::shared_ptr<Impl>& impl,
                                          TwoPhaseBranch& branch);

 private:
  sql::Database database_;
  internal::Dialect dialect_;
  std::map<std::string, internal::ReservedWork> works_;
};

Task<Result<Bytes>> ReservedBranches::Impl::reserve_in(sql::Transaction& in,
                                                       std::shared_ptr<Impl>& impl,
                                                       std::string& name, WorkCall& call,
                                                       Bytes& request) {
  const Result<const internal::ReservedWork*> work = impl->find(name);
  if (!work.ok()) co_return work.status();
  const Result<bool> fresh = co_await impl->insert(in, call, name, request, State::Reserved);
  if (!fresh.ok()) co_return fresh.status();
  const Result<std::vector<Row>> rows = co_await impl->rows(in, call.branch);
  if (!rows.ok()) co_return rows.status();
  for (const Row& row : *rows) {
    if (row.coordinator != call.branch.coordinator) co_return of_another(call.branch);
    if (!row.is(State::Reserved)) {
      co_return aborted("branch " + call.branch.text() + " has ended, or is prepared");
    }
  }
  if (!*fresh) {
    co_return aborted("call " + std::to_string(call.number) + " of branch " + call.branch.text() +
                      " has come before: each has a number of its own");
  }
  co_return co_await (*work)->reserve(in, request);
}

Task<Result<Vote>> ReservedBranches::Impl::prepare_in(sql::Transaction& in,
                                                      std::shared_ptr<Impl>& impl,
                                                      TwoPhaseBranch& branch,
                                                      std::uint32_t& calls) {
  const Result<std::vector<Row>> rows = co_await impl->rows(in, branch);
  if (!rows.ok()) co_return rows.status();
  if (rows->empty()) co_return aborted("branch " + branch.text() + " is not here");
  if (rows->front().coordinator != branch.coordinator) co_return of_another(branch);
  const auto all = [&](State state) {
    return std::ranges::all_of(*rows, [state](const Row& row) { return row.is(state); });
  };
  if (all(State::Prepared)) co_return Vote::Prepared;
  if (!all(State::Reserved)) co_return aborted("branch " + branch.text() + " has ended");
  if (rows->size() != calls || rows->back().call != calls) {
    co_return aborted("branch " + branch.text() + " has served " + std::to_string(rows->size()) +
                      " of its " + std::to_string(calls) + " calls");
  }
  Status status = co_await impl->set(in, branch, State::Prepared);
  if (!status.ok()) co_return status;
  co_return Vote::Prepared;
}

Task<Result<BranchEnd>> ReservedBranches::Impl::commit_in(sql::Transaction& in,
                                                          std::shared_ptr<Impl>& impl,
                                                          TwoPhaseBranch& branch) {
  const Result<std::vector<Row>> rows = co_await impl->rows(in, branch);
  if (!rows.ok()) co_return rows.status();
  if (rows->empty()) {
    co_return BranchEnd(BranchOutcome::Lost, "the database has no trace of the branch");
  }
  const Row& first = rows->front();
  if (first.coordinator != branch.coordinator) co_return of_another(branch);
  if (first.is(State::Committed)) co_return BranchEnd(BranchOutcome::Committed);
  if (first.is(State::Aborted)) {
    co_return BranchEnd(BranchOutcome::Aborted, "somebody has released the reservation");
  }
  if (first.is(State::Reserved)) {
    co_return BranchEnd(BranchOutcome::Lost, "the branch was not prepared");
  }
  Status status = co_await impl->carry_out(in, *rows, true);
  if (status.ok()) status = co_await impl->set(in, branch, State::Committed);
  if (!status.ok()) co_return status;
  co_return BranchEnd(BranchOutcome::Committed);
}

Task<Result<BranchEnd>> ReservedBranches::Impl::abort_in(sql::Transaction& in,
                                                         std::shared_ptr<Impl>& impl,
                                                         TwoPhaseBranch& branch) {
  WorkCall mark;
  mark.branch = branch;
  const Result<bool> marked = co_await impl->insert(in, mark, "", Bytes(), State::Aborted);
  if (!marked.ok()) co_return marked.status();
  const Result<std::vector<Row>> rows = co_await impl->rows(in, branch);
  if (!rows.ok()) co_return rows.status();
  const Row& last = rows->back();
  if (last.coordinator != branch.coordinator) co_return of_another(branch);
  if (last.is(State::Committed)) {
    co_return BranchEnd(BranchOutcome::Committed, "somebody has applied the reservation");
  }
  if (!last.is(State::Aborted)) {
    Status status = co_await impl->carry_out(in, *rows, false);
    if (status.ok()) status = co_await impl->set(in, branch, State::Aborted);
    if (!status.ok()) co_return status;
  }
  co_return BranchEnd(BranchOutcome::Aborted);
}

Task<Result<std::shared_ptr<ReservedBranches>>> ReservedBranches::open(sql::Database database) {
  const Result<internal::Dialect> dialect = co_await internal::set_up(database, schema());
  if (!dialect.ok()) co_return dialect.status();
  auto impl = std::make_shared<Impl>(std::move(database), *dialect);
  co_return std::shared_ptr<ReservedBranches>(new ReservedBranches(std::move(impl)));
}

Status ReservedBranches::add_work(std::string name, internal::ReservedWork work) {
  return impl_->add(std::move(name), std::move(work));
}

Task<Result<Bytes>> ReservedBranches::reserve(std::string name, Result<WorkCall> call,
                                              Bytes request) {
  if (!call.ok()) return Result<Bytes>(call.status());
  return sql::transact(impl_->database(), &Impl::reserve_in, impl_, std::move(name),
                       *std::move(call), std::move(request));
}
Task<Result<Vote>> ReservedBranches::prepare(TwoPhaseBranch branch, std::uint32_t calls) {
  return sql::transact(impl_->database(), &Impl::prepare_in, impl_, std::move(branch), calls);
}
Task<Result<BranchEnd>> ReservedBranches::commit(TwoPhaseBranch branch) {
  return sql::transact(impl_->database(), &Impl::commit_in, impl_, std::move(branch));
}
Task<Result<BranchEnd>> ReservedBranches::abort(TwoPhaseBranch branch) {
  return sql::transact(impl_->database(), &Impl::abort_in, impl_, std::move(branch));
}

Task<Result<std::vector<InDoubt>>> ReservedBranches::in_doubt(std::size_t most) {
  return found_in_doubt(impl_->database(), impl_->dialect(), most);
}

Task<Result<std::vector<InDoubt>>> ReservedBranches::in_doubt_in(sql::Database database,
                                                                 std::size_t most) {
  const Result<internal::Dialect> dialect = co_await internal::look_up(database, schema());
  if (!dialect.ok()) co_return dialect.status();
  co_return co_await found_in_doubt(std::move(database), *dialect, most);
}
Task<Result<std::uint64_t>> ReservedBranches::forget(Duration older) {
  const std::shared_ptr<Impl> impl = impl_;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(older).count();
  const std::string text =
      impl->sql("DELETE FROM weft_reservation WHERE state IN (3, 4) AND at < {now} - $1");
  const Result<sql::Rows> removed = co_await impl->database().run(text, milliseconds);
  if (!removed.ok()) co_return removed.status();
  co_return removed->changed();
}

}  // namespace weft::transaction
