#pragma once

#include "weft/middleware/limits/circuit_breaker.h"  // IWYU pragma: export
