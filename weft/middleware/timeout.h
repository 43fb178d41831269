#pragma once

#include "weft/base/time.h"
#include "weft/rpc/service.h"

namespace weft {

/// Ends a call with DEADLINE_EXCEEDED that takes longer than `limit`, on the client or on the
/// server. A deadline that the caller has set holds where it is earlier; calls made from a handler
/// inherit it.
Middleware timeout(Duration limit);

}  // namespace weft
