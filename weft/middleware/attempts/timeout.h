#pragma once

#include "weft/base/time.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Ends a call with DEADLINE_EXCEEDED that takes longer than `limit`, on the client or on the
/// server. A deadline that the caller has set holds where it is earlier; calls made from a handler
/// inherit it. With a limit that is not more than 0 every call fails.
Middleware timeout(Duration limit);

}  // namespace weft
