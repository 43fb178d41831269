#include "weft/transaction/two_phase/in_doubt_resolver.h"

#include <string>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/codec/codec.h"
#include "weft/coro/context.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call_options.h"
#include "weft/transaction/internal/guests.h"
#include "weft/transaction/internal/work.h"
#include "weft/transaction/two_phase/internal/wire_branch.h"
#include "weft/transaction/two_phase/two_phase_coordinator.h"

namespace weft::transaction {

class InDoubtResolver::Impl {
 public:
  Impl(std::shared_ptr<Participant> participant, InDoubtOptions options)
      : participant_(std::move(participant)), options_(std::move(options)) {}

  Status start() {
    if (!options_.find) return invalid_argument("InDoubtOptions::find is empty");
    looking_.start(context_, keep_looking());
    return ok_status();
  }
  Task<Result<std::size_t>> resolve() { return guests_.run(look()); }
  InDoubtStats stats() const noexcept { return stats_; }

 private:
  /// What a participant does may wait for a connection that is silent for ever.
  template <class T>
  Task<T> in_time(Task<T> task) const {
    return net::with_deadline(after(net::Loop::current()->now(), options_.call_timeout),
                              std::move(task));
  }

  Task<> keep_looking() {
    for (;;) {
      const Result<std::size_t> ended = co_await look();
      if (!ended.ok()) {
        log(LogLevel::Warn, "branches in doubt cannot be listed: " + ended.status().to_string());
      }
      const Status slept = co_await net::sleep(options_.every);
      if (!slept.ok()) co_return;
    }
  }

  Task<Result<std::size_t>> look() {
    const Result<std::vector<InDoubt>> found =
        co_await in_time(participant_->in_doubt(options_.most));
    if (!found.ok()) co_return found.status();
    stats_.waiting = found->size();
    std::size_t ended = 0;
    for (const InDoubt& one : *found) {
      if (one.age < options_.after) continue;
      const Status status = co_await end(one.branch);
      if (status.ok()) {
        ++ended;
        --stats_.waiting;
      } else if (status.code() != StatusCode::Aborted) {
        ++stats_.failed;
        log(LogLevel::Warn, "branch " + one.branch.text() + " of coordinator " +
                                one.branch.coordinator + " is in doubt since " +
                                to_string(one.age) + ": " + status.to_string());
      }
    }
    co_return ended;
  }

  /// ABORTED: it is not decided yet.
  Task<Status> end(TwoPhaseBranch branch) {
    const Result<Decision> decision = co_await ask(branch);
    if (!decision.ok()) co_return decision.status();
    if (*decision == Decision::Undecided) co_return aborted("not decided yet");
    const bool commits = *decision == Decision::Commit;
    Task<Result<BranchEnd>> carrying_out =
        commits ? participant_->commit(branch) : participant_->abort(branch);
    const Result<BranchEnd> end = co_await in_time(std::move(carrying_out));
    if (!end.ok() && end.status().code() == StatusCode::Aborted) {
      co_return unavailable(end.status().message());
    }
    if (!end.ok()) co_return end.status();
    ++(commits ? stats_.committed : stats_.aborted);
    log(LogLevel::Info, "branch " + branch.text() + " was in doubt and is " +
                            std::string(name_of(end->outcome)) + " now");
    co_return ok_status();
  }

  Task<Result<Decision>> ask(TwoPhaseBranch branch) {
    const Result<std::shared_ptr<Service>> service = find(branch.coordinator);
    if (!service.ok()) co_return service.status();
    const v1::CoordinatorClient client(**service);
    v1::GetOutcomeRequest request;
    internal::set(*request.mutable_branch(), branch);
    CallOptions options;
    options.timeout = options_.call_timeout;
    options.codec = &protobuf_codec();
    const Result<v1::GetOutcomeResponse> response = co_await client.GetOutcome(request, options);
    if (!response.ok()) {
      // ABORTED means something else here.
      const bool is_aborted = response.status().code() == StatusCode::Aborted;
      co_return is_aborted ? unavailable(response.status().message()) : response.status();
    }
    switch (response->decision()) {
      case v1::DECISION_UNDECIDED:
        co_return Decision::Undecided;
      case v1::DECISION_COMMIT:
        co_return Decision::Commit;
      case v1::DECISION_ABORT:
        co_return Decision::Abort;
      default:
        co_return internal_error("the coordinator decides " + std::to_string(response->decision()) +
                                 ", which two_phase.proto does not have");
    }
  }

  Result<std::shared_ptr<Service>> find(const std::string& coordinator) const {
    try {
      std::shared_ptr<Service> service = options_.find(coordinator);
      if (service != nullptr) return service;
      return unavailable("coordinator " + coordinator + " is not known now");
    } catch (...) {
      return coro::status_of_current_exception("InDoubtOptions::find");
    }
  }

  std::shared_ptr<Participant> participant_;
  InDoubtOptions options_;
  InDoubtStats stats_;
  Context context_;
  internal::Work looking_;
  internal::Guests guests_;  // last: they work with what is above
};

InDoubtResolver::InDoubtResolver(std::shared_ptr<Participant> participant, InDoubtOptions options)
    : impl_(std::make_unique<Impl>(std::move(participant), std::move(options))) {}
InDoubtResolver::~InDoubtResolver() = default;
Status InDoubtResolver::start() { return impl_->start(); }
Task<Result<std::size_t>> InDoubtResolver::resolve() { return impl_->resolve(); }
InDoubtStats InDoubtResolver::stats() const noexcept { return impl_->stats(); }

}  // namespace weft::transaction
