#pragma once

#include "weft/telemetry/trace/call_spans.h"  // IWYU pragma: export
#include "weft/telemetry/trace/span.h"        // IWYU pragma: export
#include "weft/telemetry/trace/tracer.h"      // IWYU pragma: export
