#pragma once

#include "weft/telemetry/otlp/start.h"  // IWYU pragma: export
