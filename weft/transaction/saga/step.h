#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/all.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/unary_request.h"
#include "weft/transaction/saga/internal/awaited_task.h"

namespace weft::transaction {

namespace internal {
class Execution;

/// What a step is before it runs. No aggregate: GCC 12 destroys a temporary one twice inside a
/// co_await expression.
class StepPlan {
 public:
  StepPlan(std::string_view step, CallData what) : name(step), call(std::move(what)) {}

  std::string name;
  CallData call;
  CallData undo;
  Duration retry_for = kForever;
};

/// Runs a step; gives the encoded reply.
Task<Result<std::string>> run_step(Execution& execution, StepPlan plan);

template <class Reply>
Task<Result<Reply>> run_step_as(Execution& execution, StepPlan plan) {
  const Result<std::string> encoded = co_await run_step(execution, std::move(plan));
  if (!encoded.ok()) co_return encoded.status();
  Reply reply;
  Status status = codec::parse(Bytes::copy_of(*encoded), reply);
  if (!status.ok()) co_return status;
  co_return reply;
}

}  // namespace internal

/// A step of a saga, made by Saga::step(): awaited once, alone or in all(). Where the awaiting
/// coroutine's Context is cancelled, as that of the losers in any(), the step fails with that
/// reason, and is undone before the saga ends.
template <class Reply>
class [[nodiscard("co_await it: until then nothing happens")]] Step {
 public:
  Step(internal::Execution& execution, internal::StepPlan plan)
      : execution_(&execution), plan_(std::move(plan)) {}

  /// What takes the step back. Stored before the step is sent, so its request cannot depend on the
  /// step's reply: the client makes the ids.
  template <class Any>
  Step&& undo(UnaryRequest<Any> call) && {
    plan_.undo = std::move(call).data();
    return std::move(*this);
  }
  /// How long the step is sent again while its outcome is unknown; without it for ever. Then it
  /// fails with the last status, and is undone with the others.
  Step&& retry_for(Duration duration) && {
    plan_.retry_for = duration;
    return std::move(*this);
  }

  Task<Result<Reply>> run() && {
    return internal::run_step_as<Reply>(*execution_, std::move(plan_));
  }

  internal::AwaitedTask<Result<Reply>> operator co_await() && {
    return internal::AwaitedTask<Result<Reply>>(std::move(*this).run());
  }

 private:
  internal::Execution* execution_;
  internal::StepPlan plan_;
};

/// Steps at the same time; ends when all have ended.
template <class... Reply>
auto all(Step<Reply>... steps) {
  return weft::all(std::move(steps).run()...);
}

}  // namespace weft::transaction
