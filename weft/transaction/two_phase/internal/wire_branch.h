#pragma once

#include "weft/base/result.h"
#include "weft/transaction/two_phase/internal/two_phase_wire.h"
#include "weft/transaction/two_phase/participant.h"

// Branches and their ends as two_phase.proto has them.
namespace weft::transaction::internal {

inline Result<TwoPhaseBranch> branch_of(const v1::Branch& wire) {
  TwoPhaseBranch branch(wire.transaction(), wire.branch(), wire.coordinator());
  Status status = check(branch);
  if (!status.ok()) return status;
  return branch;
}

inline void set(v1::Branch& wire, const TwoPhaseBranch& branch) {
  wire.set_transaction(branch.transaction);
  wire.set_branch(branch.name);
  wire.set_coordinator(branch.coordinator);
}

template <class Response>
Response response_of(const BranchEnd& end) {
  Response response;
  response.set_outcome(static_cast<v1::BranchOutcome>(end.outcome));
  response.set_reason(end.reason);
  return response;
}

/// INTERNAL where the outcome is none that this version knows.
template <class Response>
Result<BranchEnd> end_of(const Response& response) {
  switch (response.outcome()) {
    case v1::BRANCH_OUTCOME_COMMITTED:
    case v1::BRANCH_OUTCOME_ABORTED:
    case v1::BRANCH_OUTCOME_LOST:
      return BranchEnd(static_cast<BranchOutcome>(response.outcome()), response.reason());
    default:
      return internal_error("the participant answers with the outcome " +
                            std::to_string(response.outcome()) +
                            ", which two_phase.proto does not have");
  }
}

}  // namespace weft::transaction::internal
