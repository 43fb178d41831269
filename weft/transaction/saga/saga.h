#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/timestamp.h"
#include "weft/transaction/saga/question.h"
#include "weft/transaction/saga/step.h"

namespace weft::transaction {

/// What the coroutine of a saga works with. The coroutine runs again after a crash and gets the
/// stored outcomes of the steps that have run, so what it does between steps must depend on nothing
/// but its input and these.
class Saga {
 public:
  explicit Saga(internal::Execution& execution) noexcept : execution_(execution) {}
  Saga(const Saga&) = delete;
  Saga& operator=(const Saga&) = delete;

  const std::string& id() const noexcept;

  /// `co_await saga.step("room", hotel.Reserve(request)).undo(hotel.Cancel(key))`. `name` is unique
  /// in the saga. Fails with definite errors of the service only: after UNAVAILABLE,
  /// DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL, ABORTED and RESOURCE_EXHAUSTED the call is
  /// sent again with the same key. RESOURCE_EXHAUSTED and INVALID_ARGUMENT of local origin name a
  /// limit of SagasOptions or a name that was used twice; the step has not run then.
  template <class Reply>
  Step<Reply> step(std::string_view name, UnaryRequest<Reply> call) {
    return Step<Reply>(execution_, internal::StepPlan(name, std::move(call).data()));
  }
  /// `co_return saga.abort();`: the steps are undone in reverse. Any other error that the coroutine
  /// returns does the same.
  static Status abort() { return aborted("the saga was aborted"); }
  static Status abort(Status why) { return why.ok() ? abort() : why; }
  /// From here the saga goes only forward: a step that fails, or an abort, waits for a person.
  void pivot();
  /// `co_await saga.ask("approve", "Pay 4,000 EUR?").otherwise("no", 24h)`: the answer of
  /// Sagas::answer(), which any process with the store may give, also while no process runs the
  /// saga. `name` is unique among steps and questions, `text` is for people. RESOURCE_EXHAUSTED and
  /// INVALID_ARGUMENT as step(): then it was not asked.
  Question ask(std::string_view name, std::string_view text);
  /// Waits until `when` by the store's clock, over restarts. Ends early where the Context of the
  /// awaiting coroutine is cancelled, as that of the losers in any().
  Task<> sleep_until(sql::Timestamp when);

 private:
  internal::Execution& execution_;
};

}  // namespace weft::transaction
