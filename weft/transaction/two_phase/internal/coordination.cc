#include "weft/transaction/two_phase/internal/coordination.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weft/base/log.h"
#include "weft/codec/codec.h"
#include "weft/coro/all.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/internal/repeat.h"
#include "weft/transaction/two_phase/internal/random_id.h"
#include "weft/transaction/two_phase/internal/recorded_branches.h"
#include "weft/transaction/two_phase/internal/wire_branch.h"

namespace weft::transaction::internal {
namespace {

/// Records that one process takes over at a time.
constexpr std::size_t kTakenAtOnce = 100;
constexpr Duration kForgetsEvery = std::chrono::seconds(1);

void note(const Status& status) {
  if (!status.ok()) log(LogLevel::Warn, "the store of transactions: " + status.to_string());
}

}  // namespace

Coordination::Coordination(TwoPhaseOptions options)
    : options_(std::move(options)), store_(options_.database) {}

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
  Status status = co_await store_.enter(id, options_.lease);
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
    const Status forgotten = co_await store_.forget(ids);
    note(forgotten);
    if (!forgotten.ok()) forgets_.set();
    if (!forgotten.ok()) continue;
    for (const std::string& id : ids) acknowledged_.erase(id);
  }
}

Task<Result<std::size_t>> Coordination::take_over() {
  if (live_.size() >= options_.max_transactions) co_return std::size_t{0};
  const Result<std::vector<TransactionRecord>> records =
      co_await store_.take_over(id_, std::min(kTakenAtOnce, options_.max_transactions));
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

Task<> Coordination::carry_out(LiveTransaction& live, bool commit) {
  if (live.state == LiveTransaction::State::Preparing) {
    live.outcome = co_await prepare_all(live);
    const bool changes = std::ranges::any_of(live.branches, &LiveBranch::is_prepared);
    if (live.outcome.ok() && changes) {
      live.state = LiveTransaction::State::Recording;
      live.outcome = co_await record(live);
    }
    ++(live.outcome.ok() ? stats_.committed : stats_.aborted);
    live.state =
        live.outcome.ok() ? LiveTransaction::State::Committing : LiveTransaction::State::Aborting;
  } else if (!commit) {
    ++stats_.aborted;
  }
  const bool commits = live.state == LiveTransaction::State::Committing;
  co_await tell_all(live, commits ? Phase::Commit : Phase::Abort);
  co_await conclude(live);
}

// ---- The first phase ----------------------------------------------------------------------------

Task<Status> Coordination::prepare_all(LiveTransaction& live) {
  net::Loop& loop = *net::Loop::current();
  Context voting(co_await current_context());
  voting.limit_deadline(after(loop.now(), options_.prepare_timeout));
  const net::DeadlineGuard guard(loop, voting);
  std::vector<Task<Status>> votes;
  for (LiveBranch& branch : live.branches) {
    if (branch.calls > 0) votes.push_back(prepare(live, branch, voting));
  }
  Task<std::vector<Status>> all = weft::all(std::move(votes));
  const std::vector<Status> ends = co_await std::move(all).in(voting);
  const auto against = std::ranges::find_if(ends, [](const Status& end) { return !end.ok(); });
  if (against == ends.end()) co_return ok_status();
  const Status why = voting.is_cancelled() ? voting.cancel_reason() : *against;
  if (why.code() == StatusCode::Aborted) co_return why;
  co_return aborted("transaction " + live.id + " is aborted: " + why.to_string());
}

/// The first vote against it ends the others.
Task<Status> Coordination::prepare(LiveTransaction& live, LiveBranch& branch, Context& voting) {
  for (int attempt = 1;; ++attempt) {
    const Result<Vote> vote = co_await ask_for_vote(live, branch);
    if (vote.ok()) {
      branch.is_prepared = *vote == Vote::Prepared;
      branch.is_read_only = *vote == Vote::ReadOnly;
      co_return ok_status();
    }
    const bool is_vote = vote.status().code() == StatusCode::Aborted || !is_passing(vote.status());
    if (is_vote && !voting.is_cancelled()) {
      voting.cancel(aborted("transaction " + live.id + " is aborted: branch \"" + branch.name +
                            "\" votes against it: " + vote.status().to_string()));
    }
    const Status slept =
        co_await pause_after(attempt, options_.first_pause, options_.longest_pause);
    if (!slept.ok()) co_return vote.status();
  }
}

Task<Result<Vote>> Coordination::ask_for_vote(const LiveTransaction& live,
                                              const LiveBranch& branch) {
  const Result<std::shared_ptr<Service>> service = find(branch.participant);
  if (!service.ok()) co_return service.status();
  const v1::ParticipantClient client(**service);
  v1::PrepareRequest request;
  const TwoPhaseBranch id = live.branch(branch);
  set(*request.mutable_branch(), id);
  request.set_calls(branch.calls);
  const CallOptions options = call_options(options_.prepare_timeout);
  const Result<v1::PrepareResponse> response = co_await client.Prepare(request, options);
  if (!response.ok()) co_return response.status();
  if (response->vote() == v1::VOTE_PREPARED) co_return Vote::Prepared;
  if (response->vote() == v1::VOTE_READ_ONLY) co_return Vote::ReadOnly;
  co_return aborted("its vote is " + std::to_string(response->vote()) +
                    ", which two_phase.proto does not have");
}

// ---- The commit record --------------------------------------------------------------------------

/// OK: it is recorded. Else it is not, and never will be.
Task<Status> Coordination::record(LiveTransaction& live) {
  const TransactionRecord record = record_of(live);
  bool may_be_there = false;
  for (int attempt = 1;; ++attempt) {
    const Result<TransactionStore::Recorded> recorded = co_await store_.commit(record);
    if (recorded.ok() && *recorded == TransactionStore::Recorded::Yes) co_return ok_status();
    if (recorded.ok() && *recorded == TransactionStore::Recorded::Fenced) {
      co_return aborted("transaction " + live.id + " is aborted: coordinator " + live.coordinator +
                        " has lost its lease");
    }
    if (recorded.ok()) {
      co_return already_exists("transaction " + live.id +
                               " is aborted: its id is that of another transaction");
    }
    log(LogLevel::Warn,
        "transaction " + live.id + " cannot be recorded: " + recorded.status().to_string());
    // An error that says that nothing was written lets the participants go at once.
    if (!may_be_there && !is_passing(recorded.status())) {
      co_return aborted("transaction " + live.id +
                        " is aborted, for it cannot be recorded: " + recorded.status().to_string());
    }
    may_be_there = true;
    static_cast<void>(co_await pause_after(attempt, options_.first_pause, options_.longest_pause));
  }
}

TransactionRecord Coordination::record_of(const LiveTransaction& live) const {
  TransactionRecord record;
  record.id = live.id;
  record.coordinator = live.coordinator;
  record.owner = id_;
  record.commit = live.state != LiveTransaction::State::Aborting;
  for (const LiveBranch& branch : live.branches) {
    if (branch.calls == 0 && !branch.is_prepared) continue;
    if (branch.is_read_only) continue;
    RecordedBranch recorded;
    recorded.name = branch.name;
    recorded.participant = branch.participant;
    recorded.outcome = branch.end ? std::string(name_of(branch.end->outcome)) : "prepared";
    record.branches.push_back(std::move(recorded));
    if (branch.end && !branch.end->reason.empty()) {
      record.note += branch.name + ": " + branch.end->reason + "\n";
    }
  }
  return record;
}

// ---- The second phase ---------------------------------------------------------------------------

Task<> Coordination::tell_all(LiveTransaction& live, Phase phase) {
  std::vector<Task<>> told;
  for (LiveBranch& branch : live.branches) {
    const bool waits =
        phase == Phase::Commit ? branch.is_prepared : branch.calls > 0 && !branch.is_read_only;
    if (waits) told.push_back(tell(live, branch, phase));
  }
  live.to_ask = told.size();
  if (told.empty()) live.told.set();
  co_await weft::all(std::move(told));
}

Task<> Coordination::tell(LiveTransaction& live, LiveBranch& branch, Phase phase) {
  const TimePoint begun = net::Loop::current()->now();
  for (int attempt = 1;; ++attempt) {
    Result<BranchEnd> end = co_await tell_once(live, branch, phase);
    const Status status = end.status();
    if (end.ok()) branch.end = *std::move(end);
    if (attempt == 1 && --live.to_ask == 0) live.told.set();
    if (status.ok()) co_return;
    log(LogLevel::Warn, "branch " + live.branch(branch).text() + " at " + branch.participant +
                            " was not told " + (phase == Phase::Commit ? "commit" : "abort") +
                            ": " + status.to_string());
    static_cast<void>(co_await pause_after(attempt, options_.first_pause, options_.longest_pause));
    const bool enough = co_await gives_up(live, phase, begun);
    if (enough) co_return;
  }
}

Task<Result<BranchEnd>> Coordination::tell_once(const LiveTransaction& live,
                                                const LiveBranch& branch, Phase phase) {
  const Result<std::shared_ptr<Service>> service = find(branch.participant);
  if (!service.ok()) co_return service.status();
  const v1::ParticipantClient client(**service);
  const TwoPhaseBranch id = live.branch(branch);
  const CallOptions options = call_options(options_.call_timeout);
  if (phase == Phase::Commit) {
    v1::CommitRequest request;
    set(*request.mutable_branch(), id);
    const Result<v1::CommitResponse> response = co_await client.Commit(request, options);
    if (!response.ok()) co_return response.status();
    co_return end_of(*response);
  }
  v1::AbortRequest request;
  set(*request.mutable_branch(), id);
  const Result<v1::AbortResponse> response = co_await client.Abort(request, options);
  if (!response.ok()) co_return response.status();
  co_return end_of(*response);
}

/// A participant that was not told of an abort asks; one that is to commit is told until it
/// answers, or a person has closed the transaction.
Task<bool> Coordination::gives_up(const LiveTransaction& live, Phase phase, TimePoint begun) {
  if (phase == Phase::Abort) {
    co_return net::Loop::current()->now() - begun >= options_.abort_for;
  }
  const Result<std::optional<TransactionRecord>> record = co_await store_.find(live.id);
  co_return record.ok() && record->has_value() && (*record)->state == TransactionState::Closed;
}

/// Forgets it, or keeps what a person has to look at.
Task<> Coordination::conclude(LiveTransaction& live) {
  const bool commits = live.state == LiveTransaction::State::Committing;
  const BranchOutcome decided = commits ? BranchOutcome::Committed : BranchOutcome::Aborted;
  TransactionRecord record = record_of(live);
  for (const LiveBranch& branch : live.branches) {
    if (!branch.end || branch.end->outcome == decided) continue;
    record.state = commits ? TransactionState::Heuristic : TransactionState::HeuristicCommit;
    log(LogLevel::Error, "branch " + live.branch(branch).text() + " at " + branch.participant +
                             " was to be " + std::string(name_of(decided)) + " and is " +
                             std::string(name_of(branch.end->outcome)) + ": " + branch.end->reason);
  }
  if (record.state != TransactionState::Committing) {
    ++stats_.heuristic;
    co_await keep_heuristic(std::move(record));
  } else if (commits && !record.branches.empty()) {
    acknowledged_.insert(live.id);
    forgets_.set();
  }
}

Task<> Coordination::keep_heuristic(TransactionRecord record) {
  for (int attempt = 1;; ++attempt) {
    const Status written = co_await store_.keep_heuristic(record);
    if (written.ok()) co_return;
    note(written);
    static_cast<void>(co_await pause_after(attempt, options_.first_pause, options_.longest_pause));
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
    const Result<Lease> lease = co_await store_.fence_expired(branch.coordinator);
    if (!lease.ok()) co_return lease.status();
    may_decide = *lease == Lease::Held;
  }
  // Last: who cannot decide any more has recorded all that it ever will.
  const Result<std::optional<TransactionRecord>> record = co_await store_.find(branch.transaction);
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

Result<std::shared_ptr<Service>> Coordination::find(const std::string& participant) const {
  try {
    std::shared_ptr<Service> service = options_.find(participant);
    if (service != nullptr) return service;
    return unavailable("participant " + participant + " is not known now");
  } catch (...) {
    return coro::status_of_current_exception("TwoPhaseOptions::find");
  }
}

CallOptions Coordination::call_options(Duration timeout) const {
  CallOptions options;
  options.timeout = timeout;
  options.codec = &protobuf_codec();
  return options;
}

}  // namespace weft::transaction::internal
