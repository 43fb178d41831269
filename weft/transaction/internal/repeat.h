#pragma once

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"

// Calls and writes that are made until they succeed.
namespace weft::transaction::internal {

/// Sent again: what happened is unknown, or the service asks for that.
bool is_passing(const Status& status) noexcept;

/// Sleeps after attempt `attempt`, counted from 1: half to all of `first`, twice as long each time,
/// up to `longest`. Not OK where the Context ends meanwhile.
Task<Status> pause_after(int attempt, Duration first, Duration longest);

}  // namespace weft::transaction::internal
