#include "weft/transaction/two_phase/internal/open_branches.h"

#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/transaction/two_phase/internal/gid.h"

namespace weft::transaction::internal {
namespace {

Status of_another(const TwoPhaseBranch& branch) {
  return failed_precondition("branch " + branch.text() + " belongs to another coordinator than " +
                             branch.coordinator);
}

}  // namespace

bool OpenBranch::is_complete(std::uint32_t calls) const {
  return !doomed && !served.empty() && served.size() == calls && *served.rbegin() == calls;
}

void OpenBranch::doom() {
  doomed = true;
  transaction.reset();
}

BranchVisit::BranchVisit(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

BranchVisit::BranchVisit(BranchVisit&& other) noexcept = default;

BranchVisit::~BranchVisit() {
  if (state_ == nullptr) return;
  state_->branch->last_used = state_->loop.now();
  if (!succeeded_) state_->branch->doom();
}

sql::Queryable& BranchVisit::queryable() noexcept { return *state_->branch->transaction; }

OpenBranches::OpenBranches(sql::Database database, PostgresBranchesOptions options)
    : database_(std::move(database)), options_(options), loop_(*net::Loop::current()) {}

Status OpenBranches::check_loop() const {
  if (net::Loop::current() == &loop_) return ok_status();
  return failed_precondition(
      "the branches belong to another loop: their server must have one thread");
}

Result<OpenBranchPtr> OpenBranches::find_or_open(const TwoPhaseBranch& branch) {
  Result<std::string> gid = gid_of(branch);
  if (!gid.ok()) return gid.status();
  const auto found = open_.find(branch.text());
  if (found != open_.end()) {
    if (found->second->id != branch) return of_another(branch);
    return found->second;
  }
  if (open_.size() >= options_.max_open) {
    return resource_exhausted("this participant has the " + std::to_string(options_.max_open) +
                              " open branches of PostgresBranchesOptions::max_open already");
  }
  auto open = std::make_shared<OpenBranch>();
  open->id = branch;
  open->gid = *std::move(gid);
  open->last_used = loop_.now();
  open_[branch.text()] = open;
  return open;
}

Status OpenBranches::admit(OpenBranch& open, std::uint32_t number) const {
  if (open.ended) return aborted("branch " + open.id.text() + " has ended");
  if (open.doomed) return aborted("a call of branch " + open.id.text() + " has failed");
  if (open.served.size() >= options_.max_calls) {
    return resource_exhausted("branch " + open.id.text() + " has had the " +
                              std::to_string(options_.max_calls) +
                              " calls of PostgresBranchesOptions::max_calls");
  }
  if (open.served.insert(number).second) return ok_status();
  return aborted("call " + std::to_string(number) + " of branch " + open.id.text() +
                 " has come before: each has a number of its own");
}

Task<Result<BranchVisit>> OpenBranches::enter(WorkCall call) {
  Status status = check_loop();
  if (!status.ok()) co_return status;
  const Result<OpenBranchPtr> found = find_or_open(call.branch);
  if (!found.ok()) co_return found.status();
  const OpenBranchPtr open = *found;
  Result<Semaphore::Permit> turn = co_await open->turn.acquire();
  if (!turn.ok()) co_return turn.status();
  status = admit(*open, call.number);
  if (!status.ok()) co_return status;
  BranchVisit visit(
      std::unique_ptr<BranchVisit::State>(new BranchVisit::State{loop_, open, *std::move(turn)}));
  if (!open->transaction) {
    Result<sql::Transaction> begun = co_await database_.begin();
    if (!begun.ok()) co_return begun.status();
    open->transaction.emplace(*std::move(begun));
  }
  co_return std::move(visit);
}

Task<Result<OpenBranches::Taken>> OpenBranches::take(TwoPhaseBranch branch) {
  Taken taken;
  const auto found = open_.find(branch.text());
  if (found == open_.end()) co_return std::move(taken);
  const OpenBranchPtr open = found->second;
  if (open->id != branch) co_return of_another(branch);
  Result<Semaphore::Permit> turn = co_await open->turn.acquire();
  if (!turn.ok()) co_return turn.status();
  // Where another has taken it meanwhile, that one has ended it by now.
  if (open->ended) co_return std::move(taken);
  open->ended = true;
  taken.branch = open;
  taken.turn = *std::move(turn);
  taken.from = shared_from_this();
  co_return std::move(taken);
}

OpenBranches::Taken::~Taken() {
  if (branch != nullptr) from->remove(*branch);
}

void OpenBranches::remove(const OpenBranch& open) { open_.erase(open.id.text()); }

Task<> OpenBranches::keep_sweeping() {
  for (;;) {
    const Status slept = co_await net::sleep(options_.idle / 4);
    if (!slept.ok()) co_return;
    std::vector<OpenBranchPtr> idle;
    for (const auto& [text, open] : open_) {
      if (loop_.now() - open->last_used >= options_.idle) idle.push_back(open);
    }
    for (const OpenBranchPtr& open : idle) {
      const Semaphore::Permit turn = open->turn.try_acquire();
      if (!turn) continue;  // a call is running
      log(LogLevel::Warn, "branch " + open->id.text() + " is rolled back: nothing came for " +
                              to_string(options_.idle));
      open->ended = true;
      open->doom();
      remove(*open);
    }
  }
}

}  // namespace weft::transaction::internal
