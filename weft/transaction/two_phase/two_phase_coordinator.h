#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/two_phase/global_transaction.h"
#include "weft/transaction/two_phase/participant.h"

namespace weft::transaction {

class TwoPhaseOptions {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  explicit TwoPhaseOptions(sql::Database store) : database(std::move(store)) {}

  /// Where commit records are kept; the tables are made by start().
  sql::Database database;
  /// Where weft.transaction.v1.Participant of a participant is served, such as a Channel to it.
  /// Null: it is not known now; a decision is told later.
  std::function<std::shared_ptr<Service>(std::string_view participant)> find;
  /// How long a process that does not answer stays the coordinator of its transactions.
  Duration lease = std::chrono::seconds(10);
  /// For all votes; then the transaction is aborted.
  Duration prepare_timeout = std::chrono::seconds(10);
  /// Each attempt of a Commit and Abort.
  Duration call_timeout = std::chrono::seconds(10);
  /// How long participants are told of an abort; later they ask.
  Duration abort_for = std::chrono::seconds(30);
  /// Pauses between attempts: the first, twice as long each time, up to the longest.
  Duration first_pause = std::chrono::milliseconds(100);
  Duration longest_pause = std::chrono::seconds(30);
  std::size_t max_branches = 100;         ///< of a transaction
  std::size_t max_transactions = 10'000;  ///< of this process at a time
};

/// The decision on a transaction; values are those of Decision in two_phase.proto.
enum class Decision : std::uint8_t {
  Undecided = 1,  ///< under way, or its coordinator may still decide: ask again
  Commit = 2,
  Abort = 3,
};

/// Counts of this process since the start.
struct TwoPhaseStats {
  std::uint64_t begun = 0;
  std::uint64_t committed = 0;
  std::uint64_t aborted = 0;
  std::uint64_t heuristic = 0;   ///< ended otherwise than decided at a branch
  std::uint64_t taken_over = 0;  ///< from coordinators that were gone
  std::uint64_t active = 0;      ///< not decided
  std::uint64_t telling = 0;     ///< decided, and a branch has not answered
};

/// Coordinates two-phase commits with presumed abort: a transaction has no record until it commits,
/// and one record, forced, until every participant has acknowledged that. Belongs to the loop that
/// it is started on; destroying it is as a crash: what it has decided is told by another with the
/// same store, and what it has not is aborted.
///
/// Several may share a store. Each run has an id and a lease in it; a transaction is its run's.
/// When the lease has passed, any other fences the run, so that a frozen one can record no commit
/// any more, and takes its records over.
class TwoPhaseCoordinator {
 public:
  explicit TwoPhaseCoordinator(TwoPhaseOptions options);
  TwoPhaseCoordinator(const TwoPhaseCoordinator&) = delete;
  TwoPhaseCoordinator& operator=(const TwoPhaseCoordinator&) = delete;
  ~TwoPhaseCoordinator();

  /// Makes the tables, takes its lease, and takes over what others have left; from then on looks
  /// for that again and again.
  Task<Status> start();

  /// A transaction with an id that nobody can guess. FAILED_PRECONDITION: not started.
  /// RESOURCE_EXHAUSTED: TwoPhaseOptions::max_transactions.
  Result<GlobalTransaction> begin();
  /// As above, with an id that is used once only, as Branch has them. ALREADY_EXISTS where this
  /// process has such a transaction; where another has had it, commit() says so.
  Result<GlobalTransaction> begin(std::string id);

  /// The decision on the transaction of a branch, for a participant that is in doubt. From any
  /// coordinator on the store. FAILED_PRECONDITION: the branch is that of another store.
  Task<Result<Decision>> outcome(TwoPhaseBranch branch);
  /// Takes over the records whose coordinator is gone; how many. start() does this again and again.
  Task<Result<std::size_t>> recover();

  /// Serves weft.transaction.v1.Coordinator, where participants ask; to be added to a server whose
  /// handlers run on this coordinator's loop. It may outlive the coordinator: UNAVAILABLE then.
  std::shared_ptr<ServiceDefinition> service();

  TwoPhaseStats stats() const;

 private:
  std::shared_ptr<internal::Coordination> coordination_;
};

}  // namespace weft::transaction
