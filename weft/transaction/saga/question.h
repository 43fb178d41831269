#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/timestamp.h"
#include "weft/transaction/saga/internal/awaited_task.h"

namespace weft::transaction {

namespace internal {
class Execution;

/// What a question is before it is asked. No aggregate: GCC 12 destroys a temporary one twice
/// inside a co_await expression.
class QuestionPlan {
 public:
  QuestionPlan(std::string_view question, std::string_view of) : name(question), text(of) {}

  std::string name;
  std::string text;
  std::string otherwise;       ///< the answer where nobody gives one
  Duration within = kForever;  ///< from when it was asked first
};

/// Waits for the answer.
Task<Result<std::string>> ask(Execution& execution, QuestionPlan plan);
}  // namespace internal

/// A question of a saga to a person, made by Saga::ask(): awaited once. Where the awaiting
/// coroutine's Context is cancelled, as that of the losers in any(), it ends with that reason.
class [[nodiscard("co_await it: until then nothing happens")]] Question {
 public:
  Question(internal::Execution& execution, internal::QuestionPlan plan)
      : execution_(&execution), plan_(std::move(plan)) {}

  /// The answer where nobody has given one in this time, by the store's clock and over restarts.
  /// Both are stored when the question is asked; without it the question waits for ever.
  Question&& otherwise(std::string_view answer, Duration within) && {
    plan_.otherwise = answer;
    plan_.within = within;
    return std::move(*this);
  }

  Task<Result<std::string>> run() && { return internal::ask(*execution_, std::move(plan_)); }

  internal::AwaitedTask<Result<std::string>> operator co_await() && {
    return internal::AwaitedTask<Result<std::string>>(std::move(*this).run());
  }

 private:
  internal::Execution* execution_;
  internal::QuestionPlan plan_;
};

/// A question that nobody has answered yet.
struct PendingQuestion {
  std::string saga;       ///< its id
  std::string saga_name;  ///< of its code: "book"
  std::string question;   ///< its name: "approve"
  std::string text;
  std::string otherwise;  ///< the answer at the deadline
  sql::Timestamp asked{};
  std::optional<sql::Timestamp> deadline;  ///< none: it waits for ever
};

}  // namespace weft::transaction
