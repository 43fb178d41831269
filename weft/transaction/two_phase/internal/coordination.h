#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/service.h"
#include "weft/transaction/internal/guests.h"
#include "weft/transaction/internal/work.h"
#include "weft/transaction/two_phase/global_transaction.h"
#include "weft/transaction/two_phase/internal/transaction_store.h"
#include "weft/transaction/two_phase/two_phase_coordinator.h"

namespace weft::transaction::internal {

class Coordination;

struct LiveBranch {
  std::string name;
  std::string participant;
  std::uint32_t calls = 0;
  bool is_prepared = false;
  bool is_read_only = false;
  std::optional<BranchEnd> end;  ///< its answer to the decision
};

/// A transaction on its way in this process:
///
///     Active -- commit() --> Preparing -- all prepared --> Recording -- recorded --> Committing
///       |                        |                             |
///       abort()                  a branch voted against it     fenced, or refused
///       |                        |                             |
///       +------------------------+-----------------------------+-------------------> Aborting
///
/// Until Committing or Aborting it is undecided. In Recording the outcome of the write may be
/// unknown, so that is repeated until it is known.
struct LiveTransaction {
  enum class State : std::uint8_t { Active, Preparing, Recording, Committing, Aborting };

  std::string id;
  std::string coordinator;  ///< the run that began it
  State state = State::Active;
  std::vector<LiveBranch> branches;
  Status outcome;          ///< for the caller
  std::size_t to_ask = 0;  ///< branches that were not told the decision yet
  Event told;              ///< every branch was told once
  Coordination* coordination = nullptr;
  /// What ends it; the handle may outlive the coordination, which takes this away then.
  std::optional<Task<>> task;

  bool is_decided() const noexcept {
    return state == State::Committing || state == State::Aborting;
  }
  TwoPhaseBranch branch(const LiveBranch& of) const { return {id, of.name, coordinator}; }
};
using LivePtr = std::shared_ptr<LiveTransaction>;

/// What a TwoPhaseCoordinator does; its handles hold it weakly.
class Coordination : public std::enable_shared_from_this<Coordination> {
 public:
  explicit Coordination(TwoPhaseOptions options);
  Coordination(const Coordination&) = delete;
  Coordination& operator=(const Coordination&) = delete;
  ~Coordination();

  // As TwoPhaseCoordinator has them.
  Task<Status> start() { return guests_.run(begin_work()); }
  Result<GlobalTransaction> begin(std::string id);
  Task<Result<Decision>> outcome(TwoPhaseBranch branch) {
    return guests_.run(find_outcome(std::move(branch)));
  }
  Task<Result<std::size_t>> recover() { return guests_.run(take_over()); }
  TwoPhaseStats stats() const;

  // As GlobalTransaction has them.
  Status enlist(LiveTransaction& live, std::string branch, std::string participant) const;
  Task<Status> end(LivePtr live, bool commit);
  /// Its handle is gone.
  void drop(LiveTransaction& live);

  net::Loop* loop() const noexcept { return loop_; }

 private:
  enum class Phase : std::uint8_t { Commit, Abort };

  static void note(const Status& status);
  /// A statement that nobody answers is given up after half a lease, DEADLINE_EXCEEDED: its
  /// connection may be silent for ever. Whether it took effect is unknown.
  template <class T>
  Task<T> in_time(Task<T> statement) const {
    return net::with_deadline(after(net::Loop::current()->now(), options_.lease / 2),
                              std::move(statement));
  }
  Task<Status> begin_work();
  Task<Status> enter();
  Task<Result<std::size_t>> take_over();
  LiveTransaction& place(std::string id, std::string coordinator);
  void go_on_with(const TransactionRecord& record);
  Task<Result<Decision>> find_outcome(TwoPhaseBranch branch);

  void start_ending(LiveTransaction& live, bool commit);
  static void on_ended(void* live) noexcept;
  Task<> drive(LiveTransaction& live, bool commit);
  Task<> carry_out(LiveTransaction& live, bool commit);
  static Task<Status> wait_until_told(LivePtr live);

  Task<Status> prepare_all(LiveTransaction& live);
  Task<Status> prepare(LiveTransaction& live, LiveBranch& branch, Context& voting);
  Task<Result<Vote>> ask_for_vote(const LiveTransaction& live, const LiveBranch& branch);
  Task<Status> record(LiveTransaction& live);
  Task<> tell_all(LiveTransaction& live, Phase phase);
  Task<> tell(LiveTransaction& live, LiveBranch& branch, Phase phase);
  Task<Result<BranchEnd>> tell_once(const LiveTransaction& live, const LiveBranch& branch,
                                    Phase phase);
  Task<bool> gives_up(const LiveTransaction& live, Phase phase, TimePoint begun);
  Task<> conclude(LiveTransaction& live);
  Task<> keep_heuristic(TransactionRecord record);

  TransactionRecord record_of(const LiveTransaction& live) const;
  Result<std::shared_ptr<Service>> find(const std::string& participant) const;
  CallOptions call_options(Duration timeout) const;

  Task<> keep_renewing();
  Task<> keep_recovering();
  Task<> keep_forgetting();

  TwoPhaseOptions options_;
  TransactionStore store_;
  net::Loop* loop_ = nullptr;  ///< once it is started
  std::string id_;             ///< of this run; another one after a fence
  TwoPhaseStats stats_;
  Context context_;
  std::map<std::string, LivePtr> live_;
  /// Records that are not needed any more. A crash leaves them, and every branch is told again.
  std::set<std::string> acknowledged_;
  Event forgets_;
  Work renewing_;
  Work recovering_;
  Work forgetting_;
  Guests guests_;  // last: they work with what is above
};

}  // namespace weft::transaction::internal
