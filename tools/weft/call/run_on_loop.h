#pragma once

#include "weft/coro/task.h"

namespace weft::cli {

/// Runs `task` on a loop of this thread and gives what it returns. SIGINT and SIGTERM cancel its
/// context with CANCELLED; a second one ends the program as if it were not handled.
int run_on_loop(Task<int> task);

}  // namespace weft::cli
