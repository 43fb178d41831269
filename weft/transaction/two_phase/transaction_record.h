#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/storage/sql/timestamp.h"

namespace weft::transaction {

/// Values are stored. A transaction that is not recorded is under way, or was aborted.
enum class TransactionState : std::uint8_t {
  Committing = 1,       ///< decided; a branch has not answered yet
  Heuristic = 2,        ///< to be committed, and a branch has ended otherwise
  HeuristicCommit = 3,  ///< to be aborted, and a branch was committed
  Closed = 4,           ///< by a person
};
/// "committing", "heuristic".
std::string_view name_of(TransactionState state) noexcept;

/// What a record says of a branch.
class RecordedBranch {
 public:
  RecordedBranch() {}
  std::string name;
  std::string participant;  ///< what TwoPhaseOptions::find takes
  /// "prepared" where the participant has not answered; else what it answered: "committed",
  /// "aborted", "lost".
  std::string outcome;
};

/// A transaction as it is stored.
class TransactionRecord {
 public:
  TransactionRecord() {}
  std::string id;
  std::string coordinator;  ///< that decided
  std::string owner;        ///< the coordinator that tells the participants now
  bool commit = true;       ///< the decision; false: abort
  TransactionState state = TransactionState::Committing;
  std::vector<RecordedBranch> branches;
  std::string note;  ///< reasons of heuristic outcomes, and what the person said who closed it
  sql::Timestamp decided{};
};

}  // namespace weft::transaction
