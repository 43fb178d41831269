#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/server/server_context.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/internal/reply_type.h"
#include "weft/transaction/two_phase/participant.h"

namespace weft::transaction {

class PostgresBranchesOptions {
 public:
  PostgresBranchesOptions() {}

  /// Branches that are open (their calls run, and they are not prepared) at a time: each has a
  /// connection. To be less than postgres::Options::connections, since what ends branches needs
  /// one.
  std::size_t max_open = 6;
  /// Calls of a branch.
  std::size_t max_calls = 10'000;
  /// An open branch without a call for so long is rolled back.
  Duration idle = std::chrono::seconds(30);
  /// What ends a branch takes at most; then its outcome is not known, and it is asked again.
  Duration statement_timeout = std::chrono::seconds(10);
};

namespace internal {
class OpenBranches;

/// A call of a branch on its way: alone in it, until this goes.
class BranchVisit {
 public:
  BranchVisit(BranchVisit&& other) noexcept;
  BranchVisit& operator=(BranchVisit&&) = delete;
  /// Dooms the branch where succeed() was not called.
  ~BranchVisit();

  sql::Queryable& queryable() noexcept;
  void succeed() noexcept { succeeded_ = true; }

 private:
  friend class OpenBranches;
  struct State;
  explicit BranchVisit(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
  bool succeeded_ = false;
};

template <class F, class Request, class... Args>
using WorkOutcome = typename std::invoke_result_t<std::decay_t<F>&, sql::Queryable&, const Request&,
                                                  std::decay_t<Args>&...>::value_type;
}  // namespace internal

/// Branches whose work is a transaction of PostgreSQL: prepared by PREPARE TRANSACTION, and ended
/// by COMMIT PREPARED or ROLLBACK PREPARED in the same database, by any process that has it.
///
///     Task<Result<Receipt>> withdraw(sql::Queryable& db, const WithdrawRequest& request);
///
///     Task<Result<Receipt>> Withdraw(ServerContext& context, const WithdrawRequest& request)
///         override {
///       return branches_->work(context, request, withdraw);
///     }
///
///     server.add(participant_service(branches));
///     InDoubtResolver resolver(branches, options);   // ends what a crash has left
///
/// The work must not use temporary tables, LISTEN, NOTIFY or cursors WITH HOLD: PostgreSQL cannot
/// prepare that, which is a vote against the transaction. Belongs to the loop that it is opened on:
/// calls on another are FAILED_PRECONDITION, so its server has one thread.
class PostgresBranches final : public Participant {
 public:
  /// Makes the table of witnesses where there is none.
  ///
  /// - FAILED_PRECONDITION: max_prepared_transactions is 0 (the message has the line to change), or
  ///   a newer program has made the table.
  /// - UNIMPLEMENTED: the database is not PostgreSQL.
  static Task<Result<std::shared_ptr<PostgresBranches>>> open(sql::Database database,
                                                              PostgresBranchesOptions options = {});
  ~PostgresBranches() override;

  /// Runs `function(sql::Queryable&, request, args...)`, a coroutine that gives a Result of the
  /// reply, in the transaction of the call's branch (work_call_of()). Calls of a branch run one
  /// after another. An error dooms the branch: it votes against. `request` must outlive the Task;
  /// `args` are copied.
  ///
  /// - INVALID_ARGUMENT: the call has no branch, or one whose gid is too long.
  /// - ABORTED: the branch was doomed or has ended, or the call came before.
  /// - FAILED_PRECONDITION: the branch is another coordinator's, or the call is on another loop.
  /// - RESOURCE_EXHAUSTED: PostgresBranchesOptions::max_open or max_calls.
  template <class Request, class F, class... Args>
    requires(internal::kIsReply<internal::WorkOutcome<F, Request, Args...>>)
  [[nodiscard]] auto work(ServerContext& context, const Request& request, F&& function,
                          Args&&... args) {
    return run<internal::WorkOutcome<F, Request, Args...>, Request, std::decay_t<F>,
               std::decay_t<Args>...>(open_, work_call_of(context.metadata()), request,
                                      std::forward<F>(function), std::forward<Args>(args)...);
  }

  Task<Result<Vote>> prepare(TwoPhaseBranch branch, std::uint32_t calls) override;
  Task<Result<BranchEnd>> commit(TwoPhaseBranch branch) override;
  Task<Result<BranchEnd>> abort(TwoPhaseBranch branch) override;
  Task<Result<std::vector<InDoubt>>> in_doubt(std::size_t most) override;

  /// As in_doubt(), of a database that is not open as a participant: for people's tools.
  static Task<Result<std::vector<InDoubt>>> in_doubt_in(sql::Database database, std::size_t most);
  /// The name of a branch's prepared transaction in pg_prepared_xacts. INVALID_ARGUMENT where it
  /// would be too long.
  static Result<std::string> gid_of(const TwoPhaseBranch& branch);

  /// Removes witnesses that are older: to be longer than any branch waits for its decision, since
  /// without its witness a branch that was committed counts as rolled back by somebody. How many.
  [[nodiscard]] Task<Result<std::uint64_t>> forget(Duration older);

  /// Branches that are open now.
  std::size_t open_branches() const noexcept;

 private:
  explicit PostgresBranches(std::shared_ptr<internal::OpenBranches> open) noexcept;
  static Task<Result<internal::BranchVisit>> enter(std::shared_ptr<internal::OpenBranches> open,
                                                   WorkCall call);

  template <class Outcome, class Request, class F, class... Args>
  static Task<Outcome> run(std::shared_ptr<internal::OpenBranches> open, Result<WorkCall> call,
                           const Request& request, F function, Args... args) {
    if (!call.ok()) co_return std::move(call).status();
    Result<internal::BranchVisit> visit = co_await enter(std::move(open), *std::move(call));
    if (!visit.ok()) co_return std::move(visit).status();
    Outcome reply = co_await function(visit->queryable(), request, args...);
    if (reply.ok()) visit->succeed();
    co_return std::move(reply);
  }

  std::shared_ptr<internal::OpenBranches> open_;
};

}  // namespace weft::transaction
