#pragma once

#include "weft/telemetry/process/process_metrics.h"  // IWYU pragma: export
