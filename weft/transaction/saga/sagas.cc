#include "weft/transaction/saga/sagas.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "weft/base/log.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/internal/guests.h"
#include "weft/transaction/internal/work.h"
#include "weft/transaction/saga/internal/execution.h"
#include "weft/transaction/saga/internal/saga_counters.h"

namespace weft::transaction {
namespace {

using internal::Code;
using internal::Execution;
using internal::Written;

std::string random_owner() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

Result<std::string> answer_of(const SagaRecord& saga) {
  if (saga.state == SagaState::Done) return saga.reply;
  if (saga.state == SagaState::Undone) return saga.status;
  return failed_precondition("saga \"" + saga.id +
                             "\" waits for a person: " + std::string(saga.status.message()));
}

Status same_saga(const SagaRecord& saga, const std::string& name, const std::string& input) {
  if (saga.name == name && saga.input == input) return ok_status();
  return already_exists("there is a saga \"" + saga.id + "\" of \"" + saga.name +
                        "\" with another " + (saga.name == name ? "input" : "name"));
}

constexpr std::size_t kTakenAtOnce = 100;
constexpr std::size_t kRenewedAtOnce = 256;

}  // namespace

class Sagas::Impl {
 public:
  explicit Impl(SagasOptions options)
      : options_(std::move(options)), store_(options_.database), owner_(random_owner()) {}

  Status add(std::string name, Code code) {
    if (Status status = check_branch_text("the saga's name", name); !status.ok()) return status;
    if (codes_.contains(name)) return already_exists("there is a saga \"" + name + "\" already");
    counters_.try_emplace(name);
    codes_.emplace(std::move(name), std::move(code));
    return ok_status();
  }

  Task<Status> start() { return guests_.run(begin()); }
  Task<Result<std::size_t>> recover() { return guests_.run(take_over_abandoned()); }
  Task<Result<std::string>> run(std::string name, std::string id, std::string input) {
    return guests_.run(run_to_end(std::move(name), std::move(id), std::move(input)));
  }

  Task<Status> answer(std::string id, std::string question, std::string answer) {
    if (answer.size() > options_.max_reply) {
      return resource_exhausted("the answer has " + std::to_string(answer.size()) +
                                " bytes, more than the " + std::to_string(options_.max_reply) +
                                " of SagasOptions::max_reply");
    }
    return guests_.run(store_answer(std::move(id), std::move(question), std::move(answer)));
  }
  Task<Result<std::vector<PendingQuestion>>> pending(std::size_t most) {
    return guests_.run(store_.pending(most));
  }

  Task<Status> begin() {
    if (!options_.find) co_return invalid_argument("SagasOptions::find is empty");
    Status status = co_await store_.prepare();
    if (!status.ok()) co_return status;
    // What is taken over below needs its lease while more is.
    renewing_.start(context_, keep_renewing());
    const Result<std::size_t> recovered = co_await take_over_abandoned();
    if (!recovered.ok()) co_return recovered.status();
    recovering_.start(context_, keep_recovering());
    co_return ok_status();
  }

  Task<Result<std::size_t>> take_over_abandoned() {
    std::vector<std::string> names;
    for (const auto& [name, code] : codes_) names.push_back(name);
    const Result<std::vector<std::string>> ids =
        co_await store_.abandoned(std::move(names), kTakenAtOnce);
    if (!ids.ok()) co_return ids.status();
    std::size_t taken = 0;
    for (const std::string& id : *ids) {
      if (running_.contains(id) || running_.size() >= options_.max_running) continue;
      const Result<std::optional<SagaRecord>> saga = co_await store_.find(id);
      if (!saga.ok()) co_return saga.status();
      if (!saga->has_value()) continue;
      const Result<Written> claimed = co_await take_over(**saga);
      if (!claimed.ok()) co_return claimed.status();
      taken += *claimed == Written::Yes ? 1 : 0;
    }
    co_return taken;
  }

  Task<Result<std::string>> run_to_end(std::string name, std::string id, std::string input) {
    for (;;) {
      const auto found = running_.find(id);
      if (found != running_.end()) {
        const std::shared_ptr<Outcome> outcome = found->second->outcome;
        Status status = same_saga(found->second->execution.record(), name, input);
        if (status.ok()) status = co_await outcome->known.wait();
        if (!status.ok()) co_return status;
        if (outcome->answer) co_return *outcome->answer;
        status = co_await net::sleep(options_.poll);
        if (!status.ok()) co_return status;
        continue;
      }
      const Result<std::optional<SagaRecord>> saga = co_await store_.find(id);
      if (!saga.ok()) co_return saga.status();
      if (running_.contains(id)) continue;
      if (!saga->has_value()) {
        Status status = place_new(name, id, input);
        if (!status.ok()) co_return status;
        continue;
      }
      Status status = same_saga(**saga, name, input);
      if (!status.ok()) co_return status;
      if ((*saga)->state >= SagaState::Stuck) co_return answer_of(**saga);
      const Result<Written> claimed = co_await take_over(**saga);
      if (!claimed.ok()) co_return claimed.status();
      if (*claimed == Written::Yes) continue;
      status = co_await net::sleep(options_.poll);
      if (!status.ok()) co_return status;
    }
  }

  Status check(const std::string& name, const std::string& id, const std::string& input,
               const std::string& input_type, const std::string& reply_type) const {
    if (Status status = check_branch_text("the saga's id", id); !status.ok()) return status;
    const auto code = codes_.find(name);
    if (code == codes_.end()) return not_found("no saga \"" + name + "\" was added");
    if (code->second.input_type != input_type || code->second.reply_type != reply_type) {
      return invalid_argument("saga \"" + name + "\" takes " + code->second.input_type +
                              " and gives " + code->second.reply_type + ", not " + input_type +
                              " and " + reply_type);
    }
    if (input.size() > options_.max_input) {
      return resource_exhausted("the saga's input has " + std::to_string(input.size()) +
                                " bytes, more than the " + std::to_string(options_.max_input) +
                                " of SagasOptions::max_input");
    }
    return ok_status();
  }

  std::size_t running() const noexcept { return running_.size(); }
  std::vector<SagaStats> stats() const {
    std::vector<SagaStats> all;
    for (const auto& [name, counters] : counters_) all.push_back(counters.stats(name));
    all.push_back(without_code_.stats(""));
    return all;
  }
  Task<Result<SagaBacklog>> backlog() { return guests_.run(store_.backlog()); }

 private:
  /// What run() waits for; goes with the last who does.
  struct Outcome {
    Event known;
    std::optional<Result<std::string>> answer;  ///< none: another process has the saga now
  };
  struct Running {
    Running(Impl& of, internal::SagaCounters& counts, const internal::Body* body, SagaRecord record,
            std::vector<StepRecord> steps, bool fresh)
        : impl(of),
          counters(counts),
          execution(of.options_, of.store_, counts, body, std::move(record), std::move(steps),
                    fresh) {}
    Impl& impl;
    internal::SagaCounters& counters;
    TimePoint placed = net::Loop::current()->now();
    Execution execution;
    std::shared_ptr<Outcome> outcome = std::make_shared<Outcome>();
  };

  Task<Status> store_answer(std::string id, std::string question, std::string answer) {
    Status status = co_await store_.answer(id, std::move(question), std::move(answer));
    const auto found = running_.find(id);
    if (found != running_.end()) found->second->execution.on_answered();
    co_return status;
  }

  Status place_new(const std::string& name, const std::string& id, const std::string& input) {
    if (running_.size() >= options_.max_running) {
      return resource_exhausted("this process runs the " + std::to_string(options_.max_running) +
                                " sagas of SagasOptions::max_running already");
    }
    SagaRecord record;
    record.id = id;
    record.name = name;
    record.input = input;
    record.owner = owner_;
    place(std::move(record), {}, std::nullopt);
    return ok_status();
  }

  /// What one process claims at a time; goes with the last who waits for it.
  struct Claim {
    Claim(Impl& of, std::string saga) : impl(of), id(std::move(saga)) {}
    Impl& impl;
    std::string id;
    Event over;
    Result<Written> result = internal_error("not claimed yet");
    std::optional<Task<Result<Written>>> task;
  };

  /// In a task of its own: what was claimed is placed although its caller has gone.
  Task<Result<Written>> take_over(SagaRecord saga) {
    std::shared_ptr<Claim> claim = claims_[saga.id];
    if (claim == nullptr) {
      claim = claims_[saga.id] = std::make_shared<Claim>(*this, saga.id);
      claim->task.emplace(claim_and_place(std::move(saga)));
      claim->task->start(&context_, {.function = &Impl::on_claimed, .argument = claim.get()});
    }
    Status waited = co_await claim->over.wait();
    if (!waited.ok()) co_return waited;
    co_return claim->result;
  }

  static void on_claimed(void* argument) noexcept {
    const auto node =
        static_cast<Claim*>(argument)->impl.claims_.extract(static_cast<Claim*>(argument)->id);
    Claim& claim = *node.mapped();
    try {
      claim.result = claim.task->take();
    } catch (...) {
      claim.result = coro::status_of_current_exception("the claim of a saga");
    }
    claim.over.set();
  }

  Task<Result<Written>> claim_and_place(SagaRecord saga) {
    const TimePoint asked = net::Loop::current()->now();
    const Result<Written> claimed =
        co_await store_.claim(saga.id, saga.epoch, owner_, options_.lease);
    if (!claimed.ok() || *claimed == Written::OwnedByAnother) co_return claimed;
    Result<std::vector<StepRecord>> steps = co_await store_.steps(saga.id);
    if (!steps.ok()) co_return steps.status();
    ++saga.epoch;
    saga.owner = owner_;
    log(LogLevel::Info, "saga " + saga.id + " goes on here");
    place(std::move(saga), *std::move(steps), internal::owned_until(asked, options_.lease));
    co_return Written::Yes;
  }

  /// `owned_until`: of a saga that the store has.
  void place(SagaRecord record, std::vector<StepRecord> steps,
             std::optional<TimePoint> owned_until) {
    const auto code = codes_.find(record.name);
    const internal::Body* const body = code == codes_.end() ? nullptr : &code->second.body;
    std::unique_ptr<Running>& place = running_[record.id];
    if (place != nullptr) return;
    const auto counted = counters_.find(record.name);
    internal::SagaCounters& counters = counted == counters_.end() ? without_code_ : counted->second;
    (owned_until ? counters.taken_over : counters.started).add();
    counters.running.add();
    place = std::make_unique<Running>(*this, counters, body, std::move(record), std::move(steps),
                                      !owned_until.has_value());
    if (owned_until) place->execution.own_until(*owned_until);
    place->execution.start({.function = &Impl::on_ended, .argument = place.get()});
  }

  static void count_end(const Running& running) noexcept {
    internal::SagaCounters& counters = running.counters;
    counters.running.subtract_one();
    if (running.execution.is_lost()) return counters.lost.add();
    const SagaState state = running.execution.record().state;
    if (state != SagaState::Done && state != SagaState::Undone) return counters.stuck.add();
    (state == SagaState::Done ? counters.done : counters.undone).add();
    const Duration time = net::Loop::current()->now() - running.placed;
    counters.nanoseconds.add(static_cast<std::uint64_t>(time.count()));
  }

  static void on_ended(void* argument) noexcept {
    const Running& running = *static_cast<Running*>(argument);
    const std::shared_ptr<Outcome> outcome = running.outcome;
    const Execution& execution = running.execution;
    count_end(running);
    if (!execution.is_lost()) outcome->answer = answer_of(execution.record());
    running.impl.running_.erase(std::string(execution.record().id));
    outcome->known.set();
  }

  /// Null where it no longer runs here.
  Execution* running(const internal::Held& held) {
    const auto found = running_.find(held.id);
    if (found == running_.end()) return nullptr;
    Execution& execution = found->second->execution;
    return execution.record().epoch == held.epoch ? &execution : nullptr;
  }

  /// Only what runs here: a saga that was claimed and then not placed is another's soon.
  Task<Status> renew_all() {
    std::vector<internal::Held> held;
    for (const auto& [id, running] : running_) {
      const Execution& execution = running->execution;
      if (execution.is_stored()) held.push_back({.id = id, .epoch = execution.record().epoch});
    }
    for (std::size_t at = 0; at < held.size(); at += kRenewedAtOnce) {
      const auto begin = held.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t many = std::min(kRenewedAtOnce, held.size() - at);
      std::vector<internal::Held> some(begin, begin + static_cast<std::ptrdiff_t>(many));
      Status status = co_await renew(std::move(some));
      if (!status.ok()) co_return status;
    }
    co_return ok_status();
  }

  Task<Status> renew(std::vector<internal::Held> held) {
    const TimePoint asked = net::Loop::current()->now();
    // Not for longer: what has lost its lease meanwhile is to be told.
    const Result<std::size_t> renewed =
        co_await net::in_own_context(options_.lease / 4, store_.renew(held, options_.lease));
    if (!renewed.ok()) co_return renewed.status();
    if (*renewed != held.size() && held.size() > 1) {
      for (const internal::Held& saga : held) {
        std::vector<internal::Held> alone(1, saga);
        Status status = co_await renew(std::move(alone));
        if (!status.ok()) co_return status;
      }
      co_return ok_status();
    }
    for (const internal::Held& saga : held) {
      Execution* const execution = running(saga);
      if (execution == nullptr) continue;
      if (*renewed == 0) {
        execution->lose();
      } else {
        execution->own_until(internal::owned_until(asked, options_.lease));
      }
    }
    co_return ok_status();
  }

  static void note(const Status& status) {
    if (!status.ok()) log(LogLevel::Warn, "the store of sagas: " + status.to_string());
  }

  Task<> keep_renewing() {
    for (;;) {
      const Status slept = co_await net::sleep(options_.lease / 4);
      if (!slept.ok()) co_return;
      const Status renewed = co_await renew_all();
      note(renewed);
      for (const auto& [id, running] : running_) static_cast<void>(running->execution.owns());
    }
  }

  Task<> keep_recovering() {
    for (;;) {
      const Status slept = co_await net::sleep(options_.lease / 3);
      if (!slept.ok()) co_return;
      const Result<std::size_t> taken = co_await take_over_abandoned();
      note(taken.status());
    }
  }

  SagasOptions options_;
  internal::SagaStore store_;
  std::string owner_;
  std::map<std::string, Code> codes_;
  std::map<std::string, internal::SagaCounters> counters_;  ///< by name, as codes_
  internal::SagaCounters without_code_;
  Context context_;
  std::map<std::string, std::unique_ptr<Running>> running_;
  std::map<std::string, std::shared_ptr<Claim>> claims_;
  internal::Work renewing_;
  internal::Work recovering_;
  internal::Guests guests_;  // last: they work with what is above
};

Sagas::Sagas(SagasOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Sagas::~Sagas() = default;

Status Sagas::add_code(std::string name, internal::Code code) {
  return impl_->add(std::move(name), std::move(code));
}
Task<Status> Sagas::start() { return impl_->start(); }
Task<Result<std::size_t>> Sagas::recover() { return impl_->recover(); }
Task<Status> Sagas::answer(std::string id, std::string question, std::string answer) {
  return impl_->answer(std::move(id), std::move(question), std::move(answer));
}
Task<Result<std::vector<PendingQuestion>>> Sagas::pending(std::size_t most) {
  return impl_->pending(most);
}
std::size_t Sagas::running() const noexcept { return impl_->running(); }
std::vector<SagaStats> Sagas::stats() const { return impl_->stats(); }
Task<Result<SagaBacklog>> Sagas::backlog() { return impl_->backlog(); }

Task<Result<std::string>> Sagas::run_encoded(std::string name, std::string id, std::string input,
                                             std::string input_type, std::string reply_type) {
  Status status = impl_->check(name, id, input, input_type, reply_type);
  if (!status.ok()) return Result<std::string>(status);
  return impl_->run(std::move(name), std::move(id), std::move(input));
}

}  // namespace weft::transaction
