#pragma once

#include "weft/base/log/record.h"            // IWYU pragma: export
#include "weft/coro/context_log.h"           // IWYU pragma: export
#include "weft/telemetry/log/json_format.h"  // IWYU pragma: export
#include "weft/telemetry/log/set_up.h"       // IWYU pragma: export
