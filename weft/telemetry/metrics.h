#pragma once

#include "weft/telemetry/metrics/registry.h"  // IWYU pragma: export
