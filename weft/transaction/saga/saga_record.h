#pragma once

#include <cstdint>
#include <string>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/unary_request.h"

/// What the store has of a saga. The numbers are stored: they never change.
namespace weft::transaction {

enum class SagaState : std::uint8_t {
  Running = 1,
  Undoing = 2,    ///< irrevocably
  Finishing = 3,  ///< has succeeded, and undoes the steps that have no part in that
  Stuck = 4,      ///< going forward, waits for a person
  UndoStuck = 5,  ///< an undo fails for too long, waits for a person
  Done = 6,
  Undone = 7,
  FinishStuck = 8,  ///< as UndoStuck, of one that has succeeded
};

enum class StepKind : std::uint8_t { Call = 1, Sleep = 2, Pivot = 3, Ask = 4 };

enum class StepState : std::uint8_t {
  Intent = 1,  ///< sent or about to be; what happened is unknown
  Done = 2,
  Failed = 3,  ///< may have happened all the same: it is undone with the others
  UndoIntent = 4,
  Undone = 5,
};

struct SagaRecord {
  std::string id;
  std::string name;   ///< of the code: "book"
  std::string input;  ///< encoded by protobuf
  SagaState state = SagaState::Running;
  std::int64_t epoch = 1;  ///< grows with each owner; each write names it
  std::string owner;
  std::string reply;  ///< of Finishing and Done
  Status status;      ///< why it is undone, or is stuck
};

struct StepRecord {
  std::string name;
  std::int64_t position = 0;
  StepKind kind = StepKind::Call;
  StepState state = StepState::Intent;
  /// Of questions, without a path: the text, and in `undo` the answer at the deadline.
  CallData call;
  CallData undo;      ///< without a path: there is nothing to undo
  std::string reply;  ///< or answer
  Status status;
  std::int64_t due = 0;  ///< of sleeps and questions: milliseconds since 1970 by the store's clock
  TimePoint since{};     ///< of its intent, or of that of its undo, by the loop's clock
};

}  // namespace weft::transaction
