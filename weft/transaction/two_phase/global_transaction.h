#pragma once

#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/metadata.h"

namespace weft::transaction {

namespace internal {
class Coordination;
struct LiveTransaction;
}  // namespace internal

/// A transaction of several participants, made by TwoPhaseCoordinator::begin(). Aborted where it is
/// destroyed before commit(). Belongs to the coordinator's loop; must outlive its Tasks.
///
///     Status status = tx->enlist("from", "bank-a");
///     Metadata from = *tx->work("from");
///     auto taken = co_await bank_a.Withdraw(request, {.metadata = &from});
///     ...
///     status = co_await tx->commit();
class GlobalTransaction {
 public:
  GlobalTransaction(GlobalTransaction&& other) noexcept = default;
  GlobalTransaction& operator=(GlobalTransaction&&) = delete;
  ~GlobalTransaction();

  const std::string& id() const noexcept;

  /// Adds a branch, before its first call: `participant` is what TwoPhaseOptions::find takes.
  /// Nothing is sent.
  ///
  /// - INVALID_ARGUMENT: a name that may not be one. ALREADY_EXISTS: the branch is there.
  /// - RESOURCE_EXHAUSTED: more than TwoPhaseOptions::max_branches.
  /// - FAILED_PRECONDITION: commit() or abort() has begun.
  Status enlist(std::string branch, std::string participant);

  /// What the next call of a branch carries; each call needs one of its own, also where the same
  /// call is sent again. A call that failed dooms its branch, and so the transaction. NOT_FOUND:
  /// enlist() was not called. FAILED_PRECONDITION as above.
  Result<Metadata> work(const std::string& branch);

  /// Prepares all branches in parallel, and commits where all have voted for it. The transaction
  /// goes on where the caller leaves.
  ///
  /// - OK: it is committed, for good. Every branch was told once; one that has not answered is told
  ///   again until it does, over crashes.
  /// - ABORTED: a branch voted against it, or did not answer in TwoPhaseOptions::prepare_timeout;
  ///   or this process has lost its lease. Nothing has happened.
  /// - FAILED_PRECONDITION: committed, but a branch has ended otherwise (a heuristic outcome): a
  ///   person has to look at it.
  /// - ALREADY_EXISTS: aborted, for its id is that of another transaction.
  /// - CANCELLED, DEADLINE_EXCEEDED: the caller left, or the coordinator was destroyed; the outcome
  ///   is not known here. TwoPhaseCoordinator::outcome() knows it.
  [[nodiscard]] Task<Status> commit();

  /// Aborts, and tells every branch once. OK, or FAILED_PRECONDITION where a branch was committed
  /// by somebody else, or where commit() has begun.
  [[nodiscard]] Task<Status> abort();

 private:
  friend class internal::Coordination;
  GlobalTransaction(std::weak_ptr<internal::Coordination> by,
                    std::shared_ptr<internal::LiveTransaction> live) noexcept;

  std::weak_ptr<internal::Coordination> coordination_;
  std::shared_ptr<internal::LiveTransaction> live_;
};

}  // namespace weft::transaction
