// The two phases: the votes, the commit record, and what the branches are told.
#include <algorithm>
#include <utility>

#include "weft/base/log.h"
#include "weft/codec/codec.h"
#include "weft/coro/all.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/transaction/internal/repeat.h"
#include "weft/transaction/two_phase/internal/coordination.h"
#include "weft/transaction/two_phase/internal/wire_branch.h"

namespace weft::transaction::internal {

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
    const Result<TransactionStore::Recorded> recorded = co_await in_time(store_.commit(record));
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
    // An error that says that nothing was written lets the participants go at once; so does a full
    // store, since nobody knows when it has room again.
    const bool is_full = recorded.status().code() == StatusCode::ResourceExhausted;
    if (!may_be_there && (is_full || !is_passing(recorded.status()))) {
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
  const Result<std::optional<TransactionRecord>> record = co_await in_time(store_.find(live.id));
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
    const Status written = co_await in_time(store_.keep_heuristic(record));
    if (written.ok()) co_return;
    note(written);
    static_cast<void>(co_await pause_after(attempt, options_.first_pause, options_.longest_pause));
  }
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
