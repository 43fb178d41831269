// The run of a coordinator with its lease, the transactions of callers, and questions of
// participants. The two phases are in phases.cc.
#include "weft/transaction/two_phase/internal/coordination.h"

#include <chrono>
#include <utility>

#include "weft/base/log.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/two_phase/internal/random_id.h"
#include "weft/transaction/two_phase/internal/recorded_branches.h"

namespace weft::transaction::internal {
namespace {

/// Records that one process takes over at a time.
constexpr std::size_t kTakenAtOnce = 100;
constexpr Duration kForgetsEvery = std::chrono::seconds(1);

}  // namespace

Coordination::Coordination(TwoPhaseOptions options)
    : options_(std::move(options)), store_(options_.database) {}

void Coordination::note(const Status& status) {
  if (!status.ok()) log(LogLevel::Warn, "the store of transactions: " + status.to_string());
}

Coordination::~Coordination() {
  for (const auto& [id, live] : live_) live->task.reset();
}

// ---- The run and its lease ----------------------------------------------------------------------

Task<Status> Coordination::begin_work() {
  if (!options_.find) co_return invalid_argument("TwoPhaseOptions::find is empty");
  Status status = co_await store_.prepare();
  if (status.ok()) status = co_await enter();
  if (!status.ok()) co_return status;
  loop_ = net::Loop::current();
  renewing_.start(context_, keep_renewing());
  const Result<std::size_t> taken = co_await take_over();
  if (!taken.ok()) co_return taken.status();
  recovering_.start(context_, keep_recovering());
  forgetting_.start(context_, keep_forgetting());
  co_return ok_status();
}

/// Each run has an id of its own, so that a fence is for ever.
Task<Status> Coordination::enter() {
  const Result<std::string> random = random_id(8);
  if (!random.ok()) co_return random.status();
  std::string id = store_.id() + "." + *random;
  Status status = co_await in_time(store_.enter(id, options_.lease));
  if (!status.ok()) co_return status;
  id_ = std::move(id);
  co_return ok_status();
}

Task<> Coordination::keep_renewing() {
  for (;;) {
    const Status slept = co_await net::sleep(options_.lease / 4);
    if (!slept.ok()) co_return;
    Task<Result<bool>> renewal = store_.renew(id_, options_.lease);
    const Result<bool> renewed =
        co_await net::in_own_context(options_.lease / 4, std::move(renewal));
    note(renewed.status());
    if (!renewed.ok() || *renewed) continue;
    log(LogLevel::Warn, "coordinator " + id_ +
                            " was fenced, for its lease had passed: what it has not recorded is "
                            "aborted");
    const Status entered = co_await enter();
    note(entered);
  }
}

Task<> Coordination::keep_recovering() {
  for (;;) {
    const Status slept = co_await net::sleep(options_.lease / 3);
    if (!slept.ok()) co_return;
    const Result<std::size_t> taken = co_await take_over();
    note(taken.status());
  }
}

/// Many records with one write, which nobody waits for.
Task<> Coordination::keep_forgetting() {
  for (;;) {
    Status status = co_await forgets_.wait();
    if (status.ok()) status = co_await net::sleep(kForgetsEvery);
    if (!status.ok()) co_return;
    forgets_.reset();
    const std::vector<std::string> ids(acknowledged_.begin(), acknowledged_.end());
    const Status forgotten = co_await in_time(store_.forget(ids));
    note(forgotten);
    if (!forgotten.ok()) forgets_.set();
    if (!forgotten.ok()) continue;
    for (const std::string& id : ids) acknowledged_.erase(id);
  }
}

Task<Result<std::size_t>> Coordination::take_over() {
  if (live_.size() >= options_.max_transactions) co_return std::size_t{0};
  const Result<std::vector<TransactionRecord>> records =
      co_await in_time(store_.take_over(id_, std::min(kTakenAtOnce, options_.max_transactions)));
  if (!records.ok()) co_return records.status();
  std::size_t taken = 0;
  for (const TransactionRecord& record : *records) {
    if (live_.contains(record.id) || acknowledged_.contains(record.id)) continue;
    go_on_with(record);
    ++taken;
  }
  co_return taken;
}

void Coordination::go_on_with(const TransactionRecord& record) {
  log(LogLevel::Info, "transaction " + record.id + " is committed by coordinator " + id_ +
                          " in the place of " + record.coordinator);
  LiveTransaction& live = place(record.id, record.coordinator);
  live.state = LiveTransaction::State::Committing;
  for (const RecordedBranch& recorded : record.branches) {
    LiveBranch branch;
    branch.name = recorded.name;
    branch.participant = recorded.participant;
    branch.is_prepared = true;
    live.branches.push_back(std::move(branch));
  }
  ++stats_.taken_over;
  start_ending(live, true);
}

// ---- Transactions -------------------------------------------------------------------------------

LiveTransaction& Coordination::place(std::string id, std::string coordinator) {
  auto live = std::make_shared<LiveTransaction>();
  live->id = std::move(id);
  live->coordinator = std::move(coordinator);
  live->coordination = this;
  return *(live_[live->id] = std::move(live));
}

Result<GlobalTransaction> Coordination::begin(std::string id) {
  if (loop_ == nullptr) return failed_precondition("the coordinator was not started");
  if (Status status = check_branch_text("the transaction", id); !status.ok()) return status;
  if (live_.contains(id) || acknowledged_.contains(id)) {
    return already_exists("there is a transaction \"" + id + "\"");
  }
  if (live_.size() + acknowledged_.size() >= options_.max_transactions) {
    return resource_exhausted("this process has the " + std::to_string(options_.max_transactions) +
                              " transactions of TwoPhaseOptions::max_transactions already");
  }
  ++stats_.begun;
  place(id, id_);
  return GlobalTransaction(weak_from_this(), live_[id]);
}

Status Coordination::enlist(LiveTransaction& live, std::string branch,
                            std::string participant) const {
  if (live.state != LiveTransaction::State::Active) {
    return failed_precondition("transaction " + live.id + " ends already");
  }
  if (Status status = check_branch_text("the branch", branch); !status.ok()) return status;
  if (Status status = check_participant(participant); !status.ok()) return status;
  if (std::ranges::find(live.branches, branch, &LiveBranch::name) != live.branches.end()) {
    return already_exists("transaction " + live.id + " has a branch \"" + branch + "\"");
  }
  if (live.branches.size() >= options_.max_branches) {
    return resource_exhausted("the transaction has the " + std::to_string(options_.max_branches) +
                              " branches of TwoPhaseOptions::max_branches already");
  }
  LiveBranch fresh;
  fresh.name = std::move(branch);
  fresh.participant = std::move(participant);
  live.branches.push_back(std::move(fresh));
  return ok_status();
}

void Coordination::drop(LiveTransaction& live) {
  // At the end of a program there may be no loop any more: then as after a crash.
  if (net::Loop::current() != loop_) return;
  if (live.state == LiveTransaction::State::Active) start_ending(live, false);
}

Task<Status> Coordination::end(LivePtr live, bool commit) {
  if (live->state != LiveTransaction::State::Active) {
    return failed_precondition("transaction " + live->id + " ends already");
  }
  start_ending(*live, commit);
  return guests_.run(wait_until_told(std::move(live)));
}

Task<Status> Coordination::wait_until_told(LivePtr live) {
  Status waited = co_await live->told.wait();
  if (!waited.ok()) co_return waited;
  const BranchOutcome decided = live->state == LiveTransaction::State::Committing
                                    ? BranchOutcome::Committed
                                    : BranchOutcome::Aborted;
  for (const LiveBranch& branch : live->branches) {
    if (!branch.end || branch.end->outcome == decided) continue;
    co_return failed_precondition("transaction " + live->id + " was to be " +
                                  std::string(name_of(decided)) + ", and branch \"" + branch.name +
                                  "\" is " + std::string(name_of(branch.end->outcome)) +
                                  " (heuristic outcome): " + branch.end->reason);
  }
  co_return live->outcome;
}

void Coordination::start_ending(LiveTransaction& live, bool commit) {
  if (!live.is_decided()) {
    live.state = commit ? LiveTransaction::State::Preparing : LiveTransaction::State::Aborting;
  }
  live.task.emplace(drive(live, commit));
  live.task->start(&context_, {.function = &Coordination::on_ended, .argument = &live});
}

void Coordination::on_ended(void* argument) noexcept {
  LiveTransaction& live = *static_cast<LiveTransaction*>(argument);
  // One whose outcome is not known stays undecided for participants that ask.
  if (!live.is_decided()) return;
  live.coordination->live_.erase(std::string(live.id));
}

Task<> Coordination::drive(LiveTransaction& live, bool commit) {
  try {
    co_await carry_out(live, commit);
  } catch (...) {
    const Status why = coro::status_of_current_exception("a transaction");
    log(LogLevel::Error, "transaction " + live.id + ": " + why.to_string());
    if (live.state < LiveTransaction::State::Recording) {
      live.state = LiveTransaction::State::Aborting;
    }
    live.outcome = why;
    live.told.set();
  }
}

// ---- Questions ----------------------------------------------------------------------------------

Task<Result<Decision>> Coordination::find_outcome(TwoPhaseBranch branch) {
  if (Status status = check(branch); !status.ok()) co_return status;
  if (!branch.coordinator.starts_with(store_.id() + ".")) {
    co_return failed_precondition("branch " + branch.text() + " is of coordinator \"" +
                                  branch.coordinator + "\", whose store is not \"" + store_.id() +
                                  "\": ask a coordinator with its store");
  }
  bool may_decide = branch.coordinator == id_;
  if (may_decide) {
    const auto live = live_.find(branch.transaction);
    if (live != live_.end() && live->second->coordinator == id_) {
      const LiveTransaction& found = *live->second;
      if (!found.is_decided()) co_return Decision::Undecided;
      const bool commits = found.state == LiveTransaction::State::Committing;
      co_return commits ? Decision::Commit : Decision::Abort;
    }
    may_decide = false;
  } else {
    const Result<Lease> lease = co_await in_time(store_.fence_expired(branch.coordinator));
    if (!lease.ok()) co_return lease.status();
    may_decide = *lease == Lease::Held;
  }
  // Last: who cannot decide any more has recorded all that it ever will.
  const Result<std::optional<TransactionRecord>> record =
      co_await in_time(store_.find(branch.transaction));
  if (!record.ok()) co_return record.status();
  if (record->has_value() && (*record)->coordinator == branch.coordinator) {
    co_return (*record)->commit ? Decision::Commit : Decision::Abort;
  }
  co_return may_decide ? Decision::Undecided : Decision::Abort;
}

TwoPhaseStats Coordination::stats() const {
  TwoPhaseStats stats = stats_;
  for (const auto& [id, live] : live_) ++(live->is_decided() ? stats.telling : stats.active);
  return stats;
}

}  // namespace weft::transaction::internal
