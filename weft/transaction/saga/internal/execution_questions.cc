#include <algorithm>
#include <chrono>
#include <utility>

#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/saga/internal/execution.h"

namespace weft::transaction::internal {
namespace {

/// Of a question that another process may answer: the longer it has waited, the more seldom the
/// store is asked.
Duration pause_between_looks(Duration waited, Duration first) {
  constexpr Duration kLongest = std::chrono::seconds(30);
  return std::clamp(waited / 10, std::min(first, kLongest), kLongest);
}

Task<> wait_for(Event& event) { static_cast<void>(co_await event.wait()); }

}  // namespace

Status Execution::check(const QuestionPlan& plan) const {
  if (Status status = check_branch_text("the question's name", plan.name); !status.ok()) {
    return status;
  }
  if (used_.contains(plan.name)) {
    return invalid_argument("the saga has two steps or questions \"" + plan.name + "\"");
  }
  if (!steps_.contains(plan.name) && is_full()) return resource_exhausted(too_many());
  for (const std::string* text : {&plan.text, &plan.otherwise}) {
    if (text->size() <= options_.max_request) continue;
    return resource_exhausted("the text or answer of question \"" + plan.name + "\" has " +
                              std::to_string(text->size()) + " bytes, more than the " +
                              std::to_string(options_.max_request) +
                              " of SagasOptions::max_request");
  }
  return ok_status();
}

Task<Result<std::string>> Execution::ask(QuestionPlan plan) {
  Status status = check(plan);
  if (!status.ok()) co_return status;
  used_.insert(plan.name);
  if (!steps_.contains(plan.name)) {
    const Result<std::int64_t> due = co_await deadline_after(plan.within);
    if (!due.ok()) co_return due.status();
    StepRecord& fresh = add(plan.name, StepKind::Ask);
    fresh.due = *due;
    fresh.call = CallData("", std::move(plan.text));
    fresh.undo = CallData("", std::move(plan.otherwise));
    queue(fresh);
  }
  StepRecord& step = steps_.find(plan.name)->second;
  if (step.kind != StepKind::Ask) {
    park("step \"" + plan.name + "\" ran as " + step.call.path() +
         " and is a question now: run the code that began this saga");
    co_return co_await never_.wait();
  }
  if (step.state == StepState::Intent) {
    status = co_await share(plan.name, wait_for_answer(step));
    if (!status.ok()) leave(step, std::move(status));
  }
  if (step.state == StepState::Done) co_return step.reply;
  co_return step.status;
}

/// By the store's clock. Asks until the store answers: what the coroutine gets must not depend on
/// that.
Task<Result<std::int64_t>> Execution::deadline_after(Duration within) {
  for (int attempt = 1;; ++attempt) {
    const Result<std::int64_t> now = co_await store_.now();
    if (now.ok()) {
      const auto millis = std::chrono::ceil<std::chrono::milliseconds>(within).count();
      co_return within == kForever ? SagaStore::kNoDeadline : *now + millis;
    }
    const Status paused = co_await net::sleep(options_.first_pause * std::min(attempt, 100));
    if (!paused.ok()) co_return paused;
  }
}

/// What answers it is written by who answers; this only looks.
Task<> Execution::wait_for_answer(StepRecord& step) {
  co_await written();
  while (step.state == StepState::Intent) {
    Result<SagaStore::Answer> answer = co_await store_.answer_to(record_.id, step.name);
    if (answer.ok() && answer->text) {
      step.reply = *std::move(answer->text);
      step.state = StepState::Done;
      co_return;
    }
    const Duration waited = net::Loop::current()->now() - step.since;
    Duration pause = pause_between_looks(waited, options_.poll);
    if (answer.ok() && answer->left <= Duration::zero()) {
      const Status expired = co_await store_.expire(record_.id, step.name);
      if (expired.ok()) continue;
    } else if (answer.ok()) {
      pause = std::min(pause, answer->left);
    }
    co_await net::in_own_context(pause, wait_for(answered_));
  }
}

void Execution::on_answered() noexcept {
  answered_.set();
  answered_.reset();
}

Task<Result<std::string>> ask(Execution& execution, QuestionPlan plan) {
  return execution.ask(std::move(plan));
}

}  // namespace weft::transaction::internal
