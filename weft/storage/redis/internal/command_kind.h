#pragma once

#include "weft/base/status.h"
#include "weft/storage/redis/command.h"

namespace weft::redis {

/// INVALID_ARGUMENT for a command that changes the state of the connection, which others share
/// (SUBSCRIBE, MULTI, SELECT), or holds it up (BLPOP, XREAD with BLOCK).
Status check_command(const Command& command);

}  // namespace weft::redis
