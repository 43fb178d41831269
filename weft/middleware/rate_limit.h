#pragma once

#include "weft/middleware/limits/rate_limit.h"  // IWYU pragma: export
