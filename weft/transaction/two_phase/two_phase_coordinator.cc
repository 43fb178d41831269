#include "weft/transaction/two_phase/two_phase_coordinator.h"

#include <algorithm>

#include "weft/transaction/two_phase/internal/coordination.h"
#include "weft/transaction/two_phase/internal/random_id.h"
#include "weft/transaction/two_phase/internal/wire_branch.h"
#include "weft/transaction/two_phase/internal/work_metadata.h"

namespace weft::transaction {
namespace {

class Definition final : public v1::CoordinatorService {
 public:
  explicit Definition(std::weak_ptr<internal::Coordination> coordination)
      : coordination_(std::move(coordination)) {}

  Task<Result<v1::GetOutcomeResponse>> GetOutcome(ServerContext&,
                                                  const v1::GetOutcomeRequest& request) override {
    Result<TwoPhaseBranch> branch = internal::branch_of(request.branch());
    if (!branch.ok()) co_return branch.status();
    Task<Result<Decision>> asking = ask(*std::move(branch));
    const Result<Decision> decision = co_await std::move(asking);
    if (!decision.ok()) co_return decision.status();
    v1::GetOutcomeResponse response;
    response.set_decision(static_cast<v1::Decision>(*decision));
    co_return response;
  }

 private:
  /// Not for longer than it takes to begin: the coordinator may go meanwhile.
  Task<Result<Decision>> ask(TwoPhaseBranch branch) const {
    const std::shared_ptr<internal::Coordination> coordination = coordination_.lock();
    if (coordination == nullptr || coordination->loop() == nullptr) {
      return Result<Decision>(unavailable("the coordinator is not running"));
    }
    if (coordination->loop() != net::Loop::current()) {
      return Result<Decision>(failed_precondition(
          "the coordinator belongs to another loop: its server must have one thread"));
    }
    return coordination->outcome(std::move(branch));
  }

  std::weak_ptr<internal::Coordination> coordination_;
};

Status is_gone() { return cancelled("the coordinator was destroyed"); }

}  // namespace

TwoPhaseCoordinator::TwoPhaseCoordinator(TwoPhaseOptions options)
    : coordination_(std::make_shared<internal::Coordination>(std::move(options))) {}
TwoPhaseCoordinator::~TwoPhaseCoordinator() = default;

Task<Status> TwoPhaseCoordinator::start() { return coordination_->start(); }

Result<GlobalTransaction> TwoPhaseCoordinator::begin() {
  Result<std::string> id = internal::random_id(16);
  if (!id.ok()) return id.status();
  return coordination_->begin(*std::move(id));
}
Result<GlobalTransaction> TwoPhaseCoordinator::begin(std::string id) {
  return coordination_->begin(std::move(id));
}

Task<Result<Decision>> TwoPhaseCoordinator::outcome(TwoPhaseBranch branch) {
  return coordination_->outcome(std::move(branch));
}
Task<Result<std::size_t>> TwoPhaseCoordinator::recover() { return coordination_->recover(); }
std::shared_ptr<ServiceDefinition> TwoPhaseCoordinator::service() {
  return std::make_shared<Definition>(coordination_);
}
TwoPhaseStats TwoPhaseCoordinator::stats() const { return coordination_->stats(); }

GlobalTransaction::GlobalTransaction(std::weak_ptr<internal::Coordination> by,
                                     std::shared_ptr<internal::LiveTransaction> live) noexcept
    : coordination_(std::move(by)), live_(std::move(live)) {}

GlobalTransaction::~GlobalTransaction() {
  if (live_ == nullptr) return;
  if (const auto coordination = coordination_.lock()) coordination->drop(*live_);
}

const std::string& GlobalTransaction::id() const noexcept { return live_->id; }

Status GlobalTransaction::enlist(std::string branch, std::string participant) {
  const auto coordination = coordination_.lock();
  if (coordination == nullptr) return is_gone();
  return coordination->enlist(*live_, std::move(branch), std::move(participant));
}

Result<Metadata> GlobalTransaction::work(const std::string& branch) {
  if (live_->state != internal::LiveTransaction::State::Active) {
    return failed_precondition("transaction " + live_->id + " ends already");
  }
  const auto found = std::ranges::find(live_->branches, branch, &internal::LiveBranch::name);
  if (found == live_->branches.end()) {
    return not_found("transaction " + live_->id + " has no branch \"" + branch +
                     "\"; enlist() adds it");
  }
  const TwoPhaseBranch id = live_->branch(*found);
  return internal::work_metadata(id, ++found->calls);
}

Task<Status> GlobalTransaction::commit() {
  const auto coordination = coordination_.lock();
  if (coordination == nullptr) return is_gone();
  return coordination->end(live_, true);
}

Task<Status> GlobalTransaction::abort() {
  const auto coordination = coordination_.lock();
  if (coordination == nullptr) return is_gone();
  return coordination->end(live_, false);
}

}  // namespace weft::transaction
