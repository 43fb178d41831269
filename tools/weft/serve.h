#pragma once

#include "weft/coro/task.h"
#include "weft/rpc/server/server.h"

#include "tools/weft/listen_flags.h"

namespace weft::cli {

/// Starts the server, says where it listens, and serves until SIGTERM or SIGINT; calls then have 10
/// seconds. Gives the exit status. Both outlive the task.
Task<int> serve_until_stopped(Server& server, const ListenFlags& flags);

}  // namespace weft::cli
