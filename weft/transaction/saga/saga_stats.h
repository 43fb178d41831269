#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weft/base/time.h"

namespace weft::transaction {

/// What a process has done with the sagas of one name since its Sagas were made. An outcome that a
/// crash keeps out of the store is found, and counted, again by the process that goes on.
struct SagaStats {
  std::string name;              ///< of the code; empty: those undone here without their code
  std::uint64_t started = 0;     ///< begun here
  std::uint64_t taken_over = 0;  ///< begun before, and gone on with here
  std::uint64_t done = 0;
  std::uint64_t undone = 0;
  std::uint64_t stuck = 0;          ///< left waiting for a person
  std::uint64_t lost = 0;           ///< gone on elsewhere
  std::uint64_t running = 0;        ///< under way here now
  std::uint64_t steps_done = 0;     ///< calls, without sleeps and questions
  std::uint64_t steps_failed = 0;   ///< with a definite error, after retry_for() or by cancellation
  std::uint64_t steps_undone = 0;   ///< undos that succeeded
  std::uint64_t steps_retried = 0;  ///< pauses before a step was sent again
  std::uint64_t undos_retried = 0;  ///< pauses before an undo was sent again
  Duration time{};  ///< of those done and undone, each from its start or take-over here
};

/// What a store has of sagas that are not over, of all processes and names.
struct SagaBacklog {
  std::uint64_t running = 0;       ///< going forward, undone, or finishing
  std::uint64_t stuck = 0;         ///< waiting for a person to repair them
  std::uint64_t questions = 0;     ///< waiting for their answer
  std::optional<Duration> oldest;  ///< age of the oldest by the store's clock; none: all are over
};

}  // namespace weft::transaction
