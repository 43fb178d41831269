#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/service.h"

namespace weft::transaction {

/// A part of a two-phase transaction, at one participant. Each text is as Branch has them
/// (weft/transaction/branch.h).
class TwoPhaseBranch {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  TwoPhaseBranch() {}
  TwoPhaseBranch(std::string of, std::string branch, std::string owner)
      : transaction(std::move(of)), name(std::move(branch)), coordinator(std::move(owner)) {}

  std::string transaction;
  std::string name;         ///< unique within the transaction
  std::string coordinator;  ///< one run of a coordinator

  friend auto operator<=>(const TwoPhaseBranch&, const TwoPhaseBranch&) = default;
  /// "8a4c.../from".
  std::string text() const { return transaction + "/" + name; }
};
/// INVALID_ARGUMENT, naming the part, where one of the texts may not be one.
Status check(const TwoPhaseBranch& branch);

/// A call of a program that is part of a branch, as its metadata says.
class WorkCall {
 public:
  WorkCall() {}
  TwoPhaseBranch branch;
  std::uint32_t number = 0;  ///< within the branch, from 1
};
/// INVALID_ARGUMENT where the metadata has no such call: a missing or second field, another
/// action than work, a number that is none.
Result<WorkCall> work_call_of(const Metadata& metadata);

enum class Vote : std::uint8_t {
  Prepared,
  ReadOnly,  ///< nothing was changed, and the branch is over
};

/// What a branch has come to; values are those of BranchOutcome in two_phase.proto.
enum class BranchOutcome : std::uint8_t {
  Committed = 1,
  Aborted = 2,
  Lost = 3,  ///< not known: there is neither the branch nor a trace of its end
};
std::string_view name_of(BranchOutcome outcome) noexcept;

/// How a branch has ended. Other than the decision: a heuristic outcome, which people look at.
class BranchEnd {
 public:
  BranchEnd() {}
  explicit BranchEnd(BranchOutcome with, std::string why = {})
      : outcome(with), reason(std::move(why)) {}
  BranchOutcome outcome = BranchOutcome::Lost;
  std::string reason;  ///< for people
};

/// A branch that is prepared and has no decision yet.
class InDoubt {
 public:
  InDoubt() {}
  TwoPhaseBranch branch;
  Duration age{};  ///< since it was prepared
};

/// What takes part in two-phase commit: PostgresBranches, ReservedBranches, or a program's own
/// with durable state. participant_service() serves it. Its Tasks may run at the same time, for one
/// branch too; every function may be called again, and late.
class Participant {
 public:
  virtual ~Participant() = default;

  /// The vote, once all that commit() and abort() need has survived a loss of power. `calls`: the
  /// branch is prepared only if it has served each of 1 to `calls`, once and with success. Of a
  /// branch that is prepared already: Prepared. An error is a vote for abort; ABORTED where the
  /// branch is not known.
  virtual Task<Result<Vote>> prepare(TwoPhaseBranch branch, std::uint32_t calls) = 0;
  /// The decision is commit. An error: it is asked again.
  virtual Task<Result<BranchEnd>> commit(TwoPhaseBranch branch) = 0;
  /// The decision is abort; Aborted also of a branch that is not known.
  virtual Task<Result<BranchEnd>> abort(TwoPhaseBranch branch) = 0;
  /// The oldest first.
  virtual Task<Result<std::vector<InDoubt>>> in_doubt(std::size_t most) = 0;
};

/// Serves weft.transaction.v1.Participant, to be added to a server whose handlers run on one loop
/// (ServerOptions::threads). Let coordinators only call it, by an authorization policy.
std::shared_ptr<ServiceDefinition> participant_service(std::shared_ptr<Participant> participant);

}  // namespace weft::transaction
