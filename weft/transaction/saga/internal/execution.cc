#include "weft/transaction/saga/internal/execution.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "weft/base/log.h"
#include "weft/codec/codec.h"
#include "weft/coro/frame/exception.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/transaction/fingerprint.h"
#include "weft/transaction/idempotency/idempotency_key.h"
#include "weft/transaction/internal/repeat.h"

namespace weft::transaction {
namespace internal {
namespace {

Fingerprint fingerprint_of(const CallData& call) {
  return transaction::fingerprint_of(call.path(), call.request());
}

bool has_undo(const StepRecord& step) {
  return step.kind == StepKind::Call && !step.undo.path().empty();
}

Status too_large(const std::string& what, std::size_t size, std::size_t most, const char* option) {
  return resource_exhausted(what + " has " + std::to_string(size) + " bytes, more than the " +
                            std::to_string(most) + " of SagasOptions::" + option);
}

/// The longest key of a step, since a service that refuses it would make the undo fail for ever.
Status check_key(const std::string& saga, const std::string& step) {
  const Branch undo{.transaction = saga, .name = step, .action = Action::Undo};
  const std::size_t size = undo.key().size();
  if (size <= kMostKey) return ok_status();
  return invalid_argument("the idempotency-key of the undo of step \"" + step + "\" has " +
                          std::to_string(size) + " characters, more than the " +
                          std::to_string(kMostKey) + " that it may have: shorten the saga's id " +
                          "or the step's name");
}

}  // namespace

Execution::Execution(const SagasOptions& options, SagaStore& store, SagaCounters& counters,
                     const Body* body, SagaRecord record, std::vector<StepRecord> steps, bool fresh)
    : options_(options),
      store_(store),
      counters_(counters),
      body_function_(body),
      record_(std::move(record)),
      stored_(!fresh),
      saga_(*this) {
  for (StepRecord& step : steps) {
    pivoted_ |= step.kind == StepKind::Pivot;
    steps_.emplace(step.name, std::move(step));
  }
  if (fresh) pending_.start = record_;
}

void Execution::start(coro::DoneCallback done) {
  drive_.emplace(drive());
  drive_->start(&context_, done);
}

bool Execution::owns() {
  if (!lost_ && net::Loop::current()->now() >= owned_until_) {
    log(LogLevel::Warn, "saga " + record_.id + " goes on elsewhere: its lease has passed here");
    lose();
  }
  return !lost_;
}

void Execution::lose() {
  lost_ = true;
  wake_.set();
}

Task<> Execution::drive() {
  try {
    co_await drive_to_end();
  } catch (...) {
    const Status why = coro::status_of_current_exception("a saga");
    log(LogLevel::Error,
        "saga " + record_.id + " goes on when its lease has passed: " + why.to_string());
    lost_ = true;
  }
}

Task<> Execution::drive_to_end() {
  if (record_.state == SagaState::Running) co_await run_body();
  const bool undoes = record_.state == SagaState::Undoing || record_.state == SagaState::Finishing;
  if (undoes && !lost_) co_await undo();
  while (!lost_ && !pending_.empty()) co_await flush();
}

Task<> Execution::run_body() {
  body_.emplace((*body_function_)(saga_, record_.input));
  body_->start(&context_, {.function =
                               [](void* self) noexcept {
                                 static_cast<Execution*>(self)->body_over_ = true;
                                 static_cast<Execution*>(self)->wake_.set();
                               },
                           .argument = this});
  while (!body_over_ && !parked_ && !lost_) {
    static_cast<void>(co_await wake_.wait());
    wake_.reset();
    if (!body_over_ && !parked_) co_await flush();
  }
  if (!parked_ && !lost_) decide();
  body_.reset();
  works_.clear();
}

/// What the end of the coroutine means.
void Execution::decide() {
  Result<std::string> reply = internal_error("the saga's coroutine threw");
  bool threw = false;
  try {
    reply = body_->take();
  } catch (const std::exception& error) {
    log(LogLevel::Error, "saga " + record_.id + " threw: " + error.what());
    threw = true;
  } catch (...) {
    threw = true;
  }
  if (threw) return park("its coroutine threw an exception");
  if (reply.ok() && reply->size() > options_.max_reply) {
    return park(std::string(
        too_large("the saga's reply", reply->size(), options_.max_reply, "max_reply").message()));
  }
  if (reply.ok()) return succeed(*std::move(reply));
  if (pivoted_) return park("it was aborted after its pivot: " + reply.status().to_string());
  set_progress(SagaState::Undoing, reply.status());
}

/// What the coroutine went on without is undone before the end. That is stored together with the
/// reply, so that it stays so after a crash.
void Execution::succeed(std::string reply) {
  std::vector<StepRecord*> leftovers;
  for (auto& [name, step] : steps_) {
    if (step.kind != StepKind::Call) continue;
    const bool done = step.state == StepState::Done;
    if (!used_.contains(name) && (done || !has_undo(step))) {
      return park("step \"" + name + "\" ran as " + step.call.path() +
                  ", and the code does not come to it any more: run the code that began this saga");
    }
    if (!done && has_undo(step)) leftovers.push_back(&step);
  }
  for (StepRecord* const step : leftovers) intend_undo(*step);
  record_.reply = std::move(reply);
  set_progress(leftovers.empty() ? SagaState::Done : SagaState::Finishing, {});
}

/// A step that failed is undone too: an error is no proof that nothing has happened.
Task<> Execution::undo() {
  const SagaState state = record_.state;
  std::vector<StepRecord*> steps;
  for (auto& [name, step] : steps_) {
    if (!has_undo(step) || step.state == StepState::Undone) continue;
    if (state == SagaState::Undoing || step.state == StepState::UndoIntent) steps.push_back(&step);
  }
  std::ranges::sort(
      steps, [](const StepRecord* a, const StepRecord* b) { return a->position > b->position; });
  for (StepRecord* const step : steps) {
    co_await undo_step(*step);
    if (lost_ || record_.state != state) co_return;
  }
  set_progress(state == SagaState::Finishing ? SagaState::Done : SagaState::Undone, record_.status);
}

void Execution::intend_undo(StepRecord& step) {
  if (step.state == StepState::UndoIntent) return;
  step.state = StepState::UndoIntent;
  step.since = net::Loop::current()->now();
  queue(step);
}

Task<> Execution::undo_step(StepRecord& step) {
  intend_undo(step);
  co_await flush();
  if (parked_) co_return;
  for (int attempt = 1; !lost_; ++attempt) {
    Branch branch{.transaction = record_.id, .name = step.name, .action = Action::Undo};
    const Result<std::string> reply = co_await call(step.undo, std::move(branch));
    if (lost_) co_return;
    if (reply.ok()) {
      step.state = StepState::Undone;
      counters_.steps_undone.add();
      queue(step);
      co_return;
    }
    if (net::Loop::current()->now() - step.since > options_.undo_for) {
      log(LogLevel::Error, "saga " + record_.id + " waits for a person: the undo of " + step.name +
                               " fails: " + reply.status().to_string());
      const bool finishes = record_.state == SagaState::Finishing;
      set_progress(finishes ? SagaState::FinishStuck : SagaState::UndoStuck,
                   reply.status().with_prefix("the undo of step \"" + step.name + "\""));
      co_return;
    }
    counters_.undos_retried.add();
    co_await pause(attempt);
  }
}

/// Writes what is queued, until that has succeeded or the saga is another's.
Task<> Execution::flush() {
  if (pending_.empty()) co_return;
  SagaWrite write = std::exchange(pending_, SagaWrite());
  write.id = record_.id;
  write.epoch = record_.epoch;
  ++queued_;
  for (int attempt = 1; !lost_; ++attempt) {
    const TimePoint asked = net::Loop::current()->now();
    const Result<Written> written = co_await store_.write(write, options_.lease);
    if (written.ok()) {
      lost_ |= *written == Written::OwnedByAnother;
      if (write.start) own_until(owned_until(asked, options_.lease));
      stored_ = true;
      break;
    }
    if (written.status().code() == StatusCode::InvalidArgument) {
      refuse(std::move(write), written.status());
      co_return;
    }
    log(LogLevel::Warn,
        "saga " + record_.id + " cannot be written: " + written.status().to_string());
    co_await pause(attempt);
  }
  ++flushed_;
  flush_done_.set();
  flush_done_.reset();
}

/// The database will not take it another time either. What waits for it in written() does not go
/// on.
void Execution::refuse(SagaWrite write, const Status& why) {
  pending_ = SagaWrite();
  if (parked_) return;  // nothing is left that could be written
  pending_.start = std::move(write.start);
  park("the database refuses it: " + why.to_string());
}

std::string Execution::too_many() const {
  return "the saga has more than the " + std::to_string(options_.max_steps) +
         " steps and sleeps of SagasOptions::max_steps";
}

Status Execution::check(const StepPlan& plan) const {
  if (Status status = check_branch_text("the step's name", plan.name); !status.ok()) return status;
  if (Status status = check_key(record_.id, plan.name); !status.ok()) return status;
  if (used_.contains(plan.name)) {
    return invalid_argument("the saga has two steps \"" + plan.name + "\"");
  }
  if (!steps_.contains(plan.name) && is_full()) return resource_exhausted(too_many());
  for (const CallData* data : {&plan.call, &plan.undo}) {
    if (!data->status().ok()) return data->status();
    if (data->request().size() > options_.max_request) {
      return too_large("the request of step \"" + plan.name + "\"", data->request().size(),
                       options_.max_request, "max_request");
    }
  }
  return ok_status();
}

/// Awaits `work`, or what is under way by that name. It runs in the Execution's Context: who is
/// cancelled only stops waiting. Does not end with OK where the saga is over for its coroutine.
Task<Status> Execution::share(const std::string& name, Task<> task) {
  std::shared_ptr<Work> work = works_[name];
  if (work == nullptr) {
    works_[name] = work = std::make_shared<Work>();
    work->start(context_, std::move(task));
  }
  Status waited = co_await work->over().wait();
  if (!waited.ok()) co_return waited;
  work->check();
  const auto place = works_.find(name);
  if (place != works_.end() && place->second == work) works_.erase(place);
  co_return ok_status();
}

Task<Result<std::string>> Execution::step(StepPlan plan) {
  Status status = check(plan);
  if (!status.ok()) co_return status;
  used_.insert(plan.name);
  auto known = steps_.find(plan.name);
  if (known == steps_.end()) {
    StepRecord& step = add(plan.name, StepKind::Call);
    step.call = std::move(plan.call);
    step.undo = std::move(plan.undo);
    known = steps_.find(plan.name);
    queue(step);
  } else if (!(fingerprint_of(known->second.call) == fingerprint_of(plan.call))) {
    park("step \"" + plan.name + "\" has changed since it ran as " + known->second.call.path() +
         ": run the code that began this saga");
    co_return co_await never_.wait();
  }
  StepRecord& step = known->second;
  if (step.state == StepState::Intent) {
    status = co_await share(plan.name, carry_out(step, plan.retry_for));
    if (!status.ok()) leave(step, std::move(status));
  }
  if (step.state == StepState::Done) co_return step.reply;
  co_return step.status;
}

/// The coroutine no longer waits. That is the outcome, which is stored with what comes next.
void Execution::leave(StepRecord& step, Status why) {
  works_.erase(step.name);
  step.state = StepState::Failed;
  counters_.steps_failed.add();
  step.status = std::move(why);
  queue(step);
}

/// Ends with an outcome, or not at all.
Task<> Execution::carry_out(StepRecord& step, Duration retry_for) {
  co_await written();
  for (int attempt = 1; step.state == StepState::Intent; ++attempt) {
    Branch branch{.transaction = record_.id, .name = step.name, .action = Action::Do};
    Result<std::string> reply = co_await call(step.call, std::move(branch));
    if (lost_) static_cast<void>(co_await never_.wait());
    if (reply.ok()) {
      step.state = StepState::Done;
      step.reply = *std::move(reply);
      counters_.steps_done.add();
    } else if (is_passing(reply.status()) && net::Loop::current()->now() - step.since < retry_for) {
      counters_.steps_retried.add();
      co_await pause(attempt);
    } else if (pivoted_) {
      park("step \"" + step.name + "\" failed after the pivot: " + reply.status().to_string());
      static_cast<void>(co_await never_.wait());
    } else {
      step.state = StepState::Failed;
      step.status = reply.status();
      counters_.steps_failed.add();
    }
  }
  queue(step);
}

Result<std::shared_ptr<Service>> Execution::find(std::string_view name) const {
  try {
    std::shared_ptr<Service> service = options_.find(name);
    if (service != nullptr) return service;
    return unavailable("nobody serves " + std::string(name) + " now");
  } catch (...) {
    return coro::status_of_current_exception("SagasOptions::find");
  }
}

Task<Result<std::string>> Execution::call(const CallData& data, Branch branch) {
  if (!owns()) co_return aborted("the saga's lease has passed");
  const Result<std::shared_ptr<Service>> found = find(data.service());
  if (!found.ok()) co_return found.status();
  Service& service = **found;
  Metadata metadata;
  metadata.add("idempotency-key", branch.key());
  branch.write_to(metadata);
  CallOptions options;
  options.timeout = options_.call_timeout;
  options.metadata = &metadata;
  options.codec = &protobuf_codec();
  options.max_receive_size = options_.max_reply;
  const MethodDescriptor method{
      .name = std::string_view(data.path()).substr(data.path().rfind('/') + 1),
      .path = data.path()};
  Context* const context = co_await current_context();
  rpc::UnaryCall unary(*net::Loop::current(), context, service, method,
                       Message(Bytes::copy_of(data.request())), options);
  Status status = co_await unary.run();
  Bytes reply;
  status = unary.finish(std::move(status), reply);
  if (!status.ok()) co_return status;
  co_return std::string(reply.view());
}

Task<> Execution::sleep_until(sql::Timestamp when) {
  const std::int64_t due =
      std::chrono::ceil<std::chrono::milliseconds>(when.time_since_epoch()).count();
  // By its time, as steps by their names: a position changes with the code.
  const std::string name = "/sleep/" + std::to_string(due);
  auto known = steps_.find(name);
  if (known == steps_.end()) {
    if (is_full()) {
      park(too_many());
      static_cast<void>(co_await never_.wait());
      co_return;
    }
    StepRecord& fresh = add(name, StepKind::Sleep);
    fresh.due = due;
    queue(fresh);
    known = steps_.find(name);
  }
  StepRecord& step = known->second;
  if (step.state != StepState::Intent) co_return;
  static_cast<void>(co_await share(name, wait_until_due(step)));
}

Task<> Execution::wait_until_due(StepRecord& step) {
  co_await written();
  while (step.state == StepState::Intent) {
    const Result<std::int64_t> now = co_await store_.now();
    // Asked again each hour: the clock may have been set.
    const std::chrono::milliseconds left(now.ok() ? step.due - *now : 1000);
    if (left.count() > 0) {
      static_cast<void>(co_await net::sleep(std::min<Duration>(left, std::chrono::hours(1))));
    } else {
      step.state = StepState::Done;
    }
  }
  queue(step);
}

void Execution::pivot() {
  pivoted_ = true;
  const std::string name = "/pivot";
  if (!steps_.contains(name)) queue(add(name, StepKind::Pivot));
}

StepRecord& Execution::add(std::string name, StepKind kind) {
  StepRecord step;
  step.name = name;
  step.kind = kind;
  step.position = static_cast<std::int64_t>(steps_.size());
  step.since = net::Loop::current()->now();
  return steps_.emplace(std::move(name), std::move(step)).first->second;
}

void Execution::queue(const StepRecord& step) {
  const auto same = std::ranges::find(pending_.steps, step.name, &StepRecord::name);
  if (same != pending_.steps.end()) {
    *same = step;
  } else {
    pending_.steps.push_back(step);
  }
}

/// Waits until what is queued is in the store.
Task<> Execution::written() {
  if (pending_.empty()) co_return;
  const std::uint64_t flush = queued_ + 1;
  wake_.set();
  while (flushed_ < flush || lost_) static_cast<void>(co_await flush_done_.wait());
}

void Execution::park(std::string reason) {
  log(LogLevel::Error, "saga " + record_.id + " waits for a person: " + reason);
  parked_ = true;
  set_progress(SagaState::Stuck, failed_precondition(reason));
  wake_.set();
}

void Execution::set_progress(SagaState state, Status status) {
  record_.state = state;
  record_.status = std::move(status);
  pending_.progress = record_;
}

Task<> Execution::pause(int attempt) {
  static_cast<void>(co_await pause_after(attempt, options_.first_pause, options_.longest_pause));
}

Task<Result<std::string>> run_step(Execution& execution, StepPlan plan) {
  return execution.step(std::move(plan));
}

}  // namespace internal

const std::string& Saga::id() const noexcept { return execution_.record().id; }
Question Saga::ask(std::string_view name, std::string_view text) {
  return {execution_, internal::QuestionPlan(name, text)};
}
void Saga::pivot() { execution_.pivot(); }
Task<> Saga::sleep_until(sql::Timestamp when) { return execution_.sleep_until(when); }

}  // namespace weft::transaction
