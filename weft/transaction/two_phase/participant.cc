#include "weft/transaction/two_phase/participant.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "weft/base/text/printable.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/two_phase/internal/wire_branch.h"
#include "weft/transaction/two_phase/internal/work_metadata.h"

namespace weft::transaction {
namespace {

Result<std::string_view> only_field(const Metadata& metadata, std::string_view name) {
  const std::vector<std::string_view> values = metadata.get_all(name);
  if (values.size() == 1) return values[0];
  return invalid_argument("the call has " + std::to_string(values.size()) + " fields \"" +
                          std::string(name) + "\"; a call of a two-phase transaction has one");
}

Result<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  return invalid_argument("weft-work is \"" + printable(text) + "\"; it is a number from 1");
}

/// More than one answer should hold.
constexpr std::uint32_t kMostInDoubt = 1000;

class Definition final : public v1::ParticipantService {
 public:
  explicit Definition(std::shared_ptr<Participant> participant)
      : participant_(std::move(participant)) {}

  Task<Result<v1::PrepareResponse>> Prepare(ServerContext&,
                                            const v1::PrepareRequest& request) override {
    Result<TwoPhaseBranch> branch = internal::branch_of(request.branch());
    if (!branch.ok()) co_return branch.status();
    const Result<Vote> vote = co_await participant_->prepare(*std::move(branch), request.calls());
    if (!vote.ok()) co_return vote.status();
    v1::PrepareResponse response;
    response.set_vote(*vote == Vote::ReadOnly ? v1::VOTE_READ_ONLY : v1::VOTE_PREPARED);
    co_return response;
  }
  Task<Result<v1::CommitResponse>> Commit(ServerContext&,
                                          const v1::CommitRequest& request) override {
    Result<TwoPhaseBranch> branch = internal::branch_of(request.branch());
    if (!branch.ok()) co_return branch.status();
    const Result<BranchEnd> end = co_await participant_->commit(*std::move(branch));
    if (!end.ok()) co_return end.status();
    co_return internal::response_of<v1::CommitResponse>(*end);
  }
  Task<Result<v1::AbortResponse>> Abort(ServerContext&, const v1::AbortRequest& request) override {
    Result<TwoPhaseBranch> branch = internal::branch_of(request.branch());
    if (!branch.ok()) co_return branch.status();
    const Result<BranchEnd> end = co_await participant_->abort(*std::move(branch));
    if (!end.ok()) co_return end.status();
    co_return internal::response_of<v1::AbortResponse>(*end);
  }
  Task<Result<v1::ListInDoubtResponse>> ListInDoubt(
      ServerContext&, const v1::ListInDoubtRequest& request) override {
    const std::uint32_t most = request.most() == 0 ? kMostInDoubt : request.most();
    const Result<std::vector<InDoubt>> found =
        co_await participant_->in_doubt(std::min(most, kMostInDoubt));
    if (!found.ok()) co_return found.status();
    v1::ListInDoubtResponse response;
    for (const InDoubt& one : *found) {
      v1::InDoubt& entry = *response.add_branches();
      internal::set(*entry.mutable_branch(), one.branch);
      entry.set_age_ms(std::chrono::floor<std::chrono::milliseconds>(one.age).count());
    }
    co_return response;
  }

 private:
  std::shared_ptr<Participant> participant_;
};

}  // namespace

Status check(const TwoPhaseBranch& branch) {
  Status status = check_branch_text("the transaction", branch.transaction);
  if (status.ok()) status = check_branch_text("the branch", branch.name);
  if (status.ok()) status = check_branch_text("the coordinator", branch.coordinator);
  return status;
}

Result<WorkCall> work_call_of(const Metadata& metadata) {
  const Result<std::optional<Branch>> branch = transaction::branch_of(metadata);
  if (!branch.ok()) return branch.status();
  if (!branch->has_value() || (*branch)->action != Action::Work) {
    return invalid_argument(
        "the method is part of a two-phase commit: it needs the metadata weft-transaction, "
        "weft-branch, weft-coordinator, weft-work and weft-action: work");
  }
  const Result<std::string_view> coordinator = only_field(metadata, internal::kCoordinator);
  if (!coordinator.ok()) return coordinator.status();
  const Result<std::string_view> work = only_field(metadata, internal::kWork);
  if (!work.ok()) return work.status();
  const Result<std::uint32_t> number = number_of(*work);
  if (!number.ok()) return number.status();
  WorkCall call;
  call.branch = {(*branch)->transaction, (*branch)->name, std::string(*coordinator)};
  call.number = *number;
  Status status = check(call.branch);
  if (!status.ok()) return status;
  return call;
}

std::string_view name_of(BranchOutcome outcome) noexcept {
  switch (outcome) {
    case BranchOutcome::Committed:
      return "committed";
    case BranchOutcome::Aborted:
      return "aborted";
    case BranchOutcome::Lost:
      return "lost";
  }
  return "unknown";
}

std::shared_ptr<ServiceDefinition> participant_service(std::shared_ptr<Participant> participant) {
  return std::make_shared<Definition>(std::move(participant));
}

}  // namespace weft::transaction
