#pragma once

#include "weft/middleware/limits/adaptive_limit.h"  // IWYU pragma: export
